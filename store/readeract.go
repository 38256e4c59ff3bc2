package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// CreateReader adds a reader to r.Community and returns its new secret, which the installer types
// into the device.
func (s *Store) CreateReader(ctx context.Context, by core.Actor, scope core.Scope, r core.Reader) (id core.ID, secret string, err error) {
	r = r.Trimmed()
	if err := r.Check(); err != nil {
		return 0, "", err
	}
	if !scope.Has(r.Community) {
		return 0, "", core.NotFound(noCommunity)
	}
	secret = newReaderSecret()
	err = s.db.Write(ctx, "create a reader", func(tx *database.Tx) error {
		if err := lockReaderGroup(tx, r); err != nil {
			return err
		}
		r.ID = tx.NewID()
		if err := checkReaderCommunity(tx, r); err != nil {
			return err
		}
		if err := insertReader(tx, r, secret); err != nil {
			return err
		}
		if err := touchReaderGroups(tx, r.Group); err != nil {
			return err
		}
		return auditReader(tx, by, "reader.create", nil, &r)
	})
	if err != nil {
		return 0, "", err
	}
	return r.ID, secret, nil
}

// insertReader adds a reader with its secret.
func insertReader(tx *database.Tx, r core.Reader, secret string) error {
	sealed, err := tx.Keys().Seal("reader.secret", secret)
	if err != nil {
		return err
	}
	tx.Changed(changedReaders, r.ID)
	_, err = tx.Exec(
		"INSERT INTO reader ("+readerColumns+", secret_cipher, secret_digest, created_at) VALUES ("+database.Placeholders(24)+")",
		int64(r.ID), int64(r.Community), int64(r.Group), r.Name, r.Gate, r.Protocol, r.Serial, string(r.Direction), r.InNo,
		database.JoinIDs(r.ScopeNodes), joinKinds(r.Kinds), database.BoolInt(r.Thermometer),
		database.BoolInt(r.QRAllowed), r.DenyCode, r.HeartbeatText, r.HeartbeatSeconds, r.Firmware, 0, nil,
		nil, tx.NowMS(), sealed, readerSecretDigest(secret), tx.NowMS(),
	)
	return err
}

// UpdateReader changes a reader's settings. Its community, secret and presence are not settings;
// DisableReader and EnableReader are separate acts. It returns the new Updated.
func (s *Store) UpdateReader(
	ctx context.Context, by core.Actor, scope core.Scope, r core.Reader,
) (updated time.Time, err error) {
	r = r.Trimmed()
	if err := r.Check(); err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "update a reader", func(tx *database.Tx) error {
		if err := lockReaderGroup(tx, r); err != nil {
			return err
		}
		before, err := lockReader(tx, scope, r.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(r.Updated, before.Updated); err != nil {
			return err
		}
		after := r // but for what are no settings
		after.Community, after.Skew, after.LastSeen, after.Disabled = before.Community, before.Skew, before.LastSeen, before.Disabled
		if err := checkReaderCommunity(tx, after); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		if err := updateReader(tx, after, updated); err != nil {
			return err
		}
		if before.Group != after.Group {
			if err := touchReaderGroups(tx, before.Group, after.Group); err != nil {
				return err
			}
		}
		return auditReader(tx, by, "reader.update", &before, &after)
	})
	return updated, err
}

// updateReader writes the settings of a locked reader.
func updateReader(tx *database.Tx, r core.Reader, updated time.Time) error {
	return setReader(
		tx, r.ID, core.NotFound(noReader),
		`group_id = ?, name = ?, gate = ?, protocol = ?, serial = ?, direction = ?, in_no = ?, scope_nodes = ?, kinds = ?, thermometer = ?,
		qr_allowed = ?, deny_code = ?, heartbeat_text = ?, heartbeat_seconds = ?, firmware = ?, updated_at = ?`,
		int64(r.Group), r.Name, r.Gate, r.Protocol, r.Serial, string(r.Direction), r.InNo,
		database.JoinIDs(r.ScopeNodes), joinKinds(r.Kinds), database.BoolInt(r.Thermometer),
		database.BoolInt(r.QRAllowed), r.DenyCode, r.HeartbeatText, r.HeartbeatSeconds, r.Firmware, updated.UnixMilli(),
	)
}

// lockReader reads and locks a reader of the scope.
func lockReader(tx *database.Tx, scope core.Scope, id core.ID) (core.Reader, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row readerRow
	err := tx.Get(
		&row, "SELECT "+readerColumns+" FROM reader WHERE id = ? AND "+where+tx.Dialect().ForUpdate(),
		append([]any{int64(id)}, args...)...,
	)
	return row.reader(), database.NotFoundIfNoRows(err, noReader)
}

// checkReaderCommunity refuses a community that does not exist, a group and building nodes of another one, and
// a device number that another reader in use has.
func checkReaderCommunity(tx *database.Tx, r core.Reader) error {
	var n int
	if err := tx.Get(&n, "SELECT COUNT(*) FROM community WHERE id = ? AND archived_at IS NULL", int64(r.Community)); err != nil {
		return err
	}
	if n == 0 {
		return core.NotFound(noCommunity)
	}
	if err := checkReaderGroup(tx, r); err != nil {
		return err
	}
	here, err := nodesOf(tx, r.Community, r.ScopeNodes)
	if err == nil && !here {
		err = core.InvalidFields(map[string]string{"scope_nodes": "所选楼栋不在这个小区"})
	}
	if err != nil {
		return err
	}
	taken, err := readerSerialTaken(tx, r)
	if err == nil && taken {
		err = core.InvalidFields(map[string]string{"serial": "本小区已有同一设备号的读头在用"})
	}
	return err
}

// nodesOf reports whether building nodes are all of a community.
func nodesOf(tx *database.Tx, community core.ID, nodes []core.ID) (bool, error) {
	nodes = slices.Compact(slices.Sorted(slices.Values(nodes)))
	if len(nodes) == 0 {
		return true, nil
	}
	var n int
	err := tx.Get(&n, "SELECT COUNT(*) FROM building_node WHERE community_id = ? AND id IN ("+database.Placeholders(len(nodes))+")",
		database.AppendIDs([]any{int64(community)}, nodes)...)
	return n == len(nodes), err
}

// readerSerialTaken reports whether another reader in use, of the same community and protocol, has
// r's device number. A disabled reader may share it.
func readerSerialTaken(tx *database.Tx, r core.Reader) (bool, error) {
	if !r.Disabled.IsZero() {
		return false, nil
	}
	var n int
	err := tx.Get(
		&n,
		"SELECT COUNT(*) FROM reader WHERE community_id = ? AND protocol = ? AND serial = ? AND id <> ? AND disabled_at IS NULL",
		int64(r.Community), r.Protocol, r.Serial, int64(r.ID),
	)
	return n > 0, err
}

// RotateReaderSecret creates a new secret for a reader and returns it. The old one is refused at
// once, so the new address must be entered into the device.
func (s *Store) RotateReaderSecret(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) (string, error) {
	secret := newReaderSecret()
	sealed, err := s.db.Keys().Seal("reader.secret", secret)
	if err != nil {
		return "", database.Wrap("rotate a reader's secret", err)
	}
	err = s.db.Write(ctx, "rotate a reader's secret", func(tx *database.Tx) error {
		r, err := lockReader(tx, scope, id)
		if err != nil {
			return err
		}
		err = setReader(tx, id, core.NotFound(noReader), "secret_cipher = ?, secret_digest = ?", sealed, readerSecretDigest(secret))
		if err != nil {
			return err
		}
		return auditReader(tx, by, "reader.rotate_secret", nil, &r)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// RevealReaderSecret returns a reader's secret, to be shown to an installer, and records that in
// the audit log.
func (s *Store) RevealReaderSecret(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) (string, error) {
	var sealed string
	err := s.db.Write(ctx, "show a reader's secret", func(tx *database.Tx) error {
		r, err := lockReader(tx, scope, id)
		if err != nil {
			return err
		}
		if err := tx.Get(&sealed, "SELECT secret_cipher FROM reader WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return auditReader(tx, by, "reader.reveal_secret", nil, &r)
	})
	if err != nil {
		return "", err
	}
	if secret := s.db.Reveal("reader.secret", sealed); secret != core.Unreadable {
		return secret, nil
	}
	return "", core.Conflict("密钥无法解密，请更换密钥")
}

// RevealReaderSecrets returns the secrets of readers, to be given to an installer in a file, and records that of each in the audit
// log. One that is not there, or not in the scope, leaves all untold.
func (s *Store) RevealReaderSecrets(
	ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID,
) (secrets map[core.ID]string, err error) {
	ids = sortedIDs(ids)
	if len(ids) == 0 || len(ids) > MaxReaderQR {
		return nil, core.Invalid(fmt.Sprintf("请选择 1 至 %d 台读头", MaxReaderQR))
	}
	sealed := map[core.ID]string{}
	err = s.db.Write(ctx, "show readers' secrets", func(tx *database.Tx) error {
		for _, id := range ids {
			r, err := lockReader(tx, scope, id)
			if err != nil {
				return err
			}
			var text string
			if err := tx.Get(&text, "SELECT secret_cipher FROM reader WHERE id = ?", int64(id)); err != nil {
				return err
			}
			sealed[id] = text
			if err := auditReader(tx, by, "reader.reveal_secret", nil, &r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	secrets = map[core.ID]string{}
	for id, text := range sealed {
		if secrets[id] = s.db.Reveal("reader.secret", text); secrets[id] == core.Unreadable {
			return nil, core.Conflict("有的密钥无法解密，请更换密钥")
		}
	}
	return secrets, nil
}

// DisableReader disables a reader: every further scan is refused.
func (s *Store) DisableReader(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "disable a reader", func(tx *database.Tx) error {
		before, err := lockReader(tx, scope, id)
		if err != nil || !before.Disabled.IsZero() {
			return err
		}
		after := before
		after.Disabled = tx.Now()
		return switchReader(tx, by, "reader.disable", before, after)
	})
}

// EnableReader undoes DisableReader.
func (s *Store) EnableReader(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "enable a reader", func(tx *database.Tx) error {
		before, err := lockReader(tx, scope, id)
		if err != nil || before.Disabled.IsZero() {
			return err
		}
		after := before
		after.Disabled = time.Time{}
		taken, err := readerSerialTaken(tx, after)
		if err != nil {
			return err
		}
		if taken {
			return core.Conflict("本小区已有同一设备号的读头在用，请先停用那一台")
		}
		return switchReader(tx, by, "reader.enable", before, after)
	})
}

func switchReader(tx *database.Tx, by core.Actor, action string, before, after core.Reader) error {
	err := setReader(tx, after.ID, core.NotFound(noReader), "disabled_at = ?", database.NullMillis(after.Disabled))
	if err != nil {
		return err
	}
	return auditReader(tx, by, action, &before, &after)
}

// MaxReaderQR is the maximum number of readers of one SwitchReadersQR.
const MaxReaderQR = 500

// SwitchReadersQR ticks or clears 接受二维码 for readers. One that is not there, or not in the scope,
// leaves all as they were. The batch has those that changed; it is zero if there are none. Readers
// of several communities are a batch each, of which the size of all is returned.
func (s *Store) SwitchReadersQR(ctx context.Context, by core.Actor, scope core.Scope, q ReaderQR) (core.Batch, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(q.Readers)))
	if len(ids) == 0 || len(ids) > MaxReaderQR {
		return core.Batch{}, core.Invalid(fmt.Sprintf("请选择 1 至 %d 台读头", MaxReaderQR))
	}
	var first core.Batch
	err := s.db.Write(ctx, "set readers' QR", func(tx *database.Tx) error {
		var changed []readerChange
		for _, id := range ids {
			before, err := lockReader(tx, scope, id)
			if err != nil {
				return err
			}
			if before.QRAllowed == q.Allowed {
				continue
			}
			after := before.Permission()
			after.QRAllowed = q.Allowed
			change, err := permitReader(tx, by, "reader.switch_qr", before, after)
			if err != nil {
				return err
			}
			changed = append(changed, change)
		}
		var err error
		first, err = writeReaderBatches(tx, by, core.BatchReaderQR, changed)
		return err
	})
	return first, err
}

// ReaderQR is a change of whether readers may accept QR codes 权限管理.
type ReaderQR struct {
	Readers []core.ID
	Allowed bool
}

// readerAudit is what the audit log records of a reader's settings. The secret is not among them.
type readerAudit struct {
	Group       string   `json:"group"` // its name
	Name        string   `json:"name"`
	Gate        string   `json:"gate"`
	Protocol    string   `json:"protocol"`
	Serial      string   `json:"serial"`
	Direction   string   `json:"direction"`
	InNo        int      `json:"in_no"`
	ScopeNodes  []string `json:"scope_nodes"` // names: 1栋2单元
	Kinds       string   `json:"kinds"`
	Thermometer bool     `json:"thermometer"`
	QRAllowed   bool     `json:"qr_allowed"`
	DenyCode    string   `json:"deny_code"`
	Heartbeat   string   `json:"heartbeat"`
	Firmware    string   `json:"firmware"`
	Disabled    bool     `json:"disabled"`
}

func auditOfReader(r *core.Reader, nodes, groups map[core.ID]string) any {
	if r == nil {
		return nil
	}
	return readerAudit{
		Group: groups[r.Group], Name: r.Name, Gate: r.Gate, Protocol: r.Protocol, Serial: r.Serial, Direction: string(r.Direction),
		InNo: r.InNo, ScopeNodes: scopeNames(*r, nodes), Kinds: joinKinds(r.Kinds), Thermometer: r.Thermometer, QRAllowed: r.QRAllowed,
		DenyCode: r.DenyCode, Heartbeat: strings.TrimSpace(fmt.Sprintf("%s %ds", r.HeartbeatText, r.HeartbeatSeconds)),
		Firmware: r.Firmware, Disabled: !r.Disabled.IsZero(),
	}
}

// scopeNames returns the names of the nodes that a reader serves. nodes are the names of those that exist.
func scopeNames(r core.Reader, nodes map[core.ID]string) []string {
	names := make([]string, len(r.ScopeNodes))
	for i, id := range r.ScopeNodes {
		names[i] = cmp.Or(nodes[id], "已拆除的楼栋")
	}
	return names
}

// auditReader writes the audit line of a change; a nil state is not recorded.
func auditReader(tx *database.Tx, by core.Actor, action string, before, after *core.Reader) error {
	r := cmp.Or(after, before)
	nodes, groups := slices.Clone(r.ScopeNodes), []core.ID{r.Group}
	if before != nil {
		nodes, groups = append(nodes, before.ScopeNodes...), append(groups, before.Group)
	}
	names, err := nodeLabels(tx, nodes)
	if err != nil {
		return err
	}
	named, err := readerGroupNames(tx.All, groups)
	if err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Community: r.Community, Action: action, Subject: audit.Target("reader", r.ID),
		Before: auditOfReader(before, names, named), After: auditOfReader(after, names, named),
	})
}

// nodeLabels returns the names along the paths of building nodes, top first; a node that no longer
// exists is left out.
func nodeLabels(tx *database.Tx, ids []core.ID) (map[core.ID]string, error) {
	labels := map[core.ID]string{}
	if len(ids) == 0 {
		return labels, nil
	}
	var nodes []nodeRow
	err := tx.All(&nodes, `
		SELECT a.id, n.community_id, n.parent_id, n.level, n.name, n.path
		FROM building_node a
		JOIN building_node n ON n.community_id = a.community_id AND INSTR(a.path, n.path) = 1
		WHERE a.id IN (`+database.Placeholders(len(ids))+`)
		ORDER BY n.level`, database.IDArgs(ids)...)
	for _, node := range nodes {
		labels[node.ID] += node.Name
	}
	return labels, err
}

// writeReaderScope sets which nodes a reader serves, as a move of houses has it.
func writeReaderScope(tx *database.Tx, id core.ID, is movedThing) error {
	return setReader(tx, id, database.ErrRace, "scope_nodes = ?, updated_at = ?", is.Scope, is.Updated)
}
