package store

import (
	"context"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const openClientColumns = `SELECT id, client_key, name, calls, all_communities, rate, disabled_at, used_at, created_at, updated_at
	FROM open_client WHERE `

type openClientRow struct {
	ID       core.ID         `db:"id"`
	Key      string          `db:"client_key"`
	Name     string          `db:"name"`
	Calls    string          `db:"calls"`
	All      bool            `db:"all_communities"`
	Rate     int             `db:"rate"`
	Disabled database.Millis `db:"disabled_at"`
	Used     database.Millis `db:"used_at"`
	Created  database.Millis `db:"created_at"`
	Updated  database.Millis `db:"updated_at"`
}

func (r openClientRow) client() core.OpenClient {
	c := core.OpenClient{
		ID: r.ID, Key: r.Key, Name: r.Name, Rate: r.Rate, Disabled: r.Disabled.Time, Used: r.Used.Time, Created: r.Created.Time,
		Updated: r.Updated.Time,
	}
	for _, call := range strings.FieldsFunc(r.Calls, func(r rune) bool { return r == ',' }) {
		c.Calls = append(c.Calls, core.OpenCall(call))
	}
	if r.All {
		c.Scope = core.Everywhere
	}
	return c
}

const noOpenClient = "没有这个客户端"

// openSecretColumn is what secrets are sealed for.
const openSecretColumn = "open_secret.cipher"

// openClientsWithin returns the condition that a client may call for communities of the scope alone: who sees some
// communities need not know what software others use.
func openClientsWithin(scope core.Scope) (string, []any) {
	if scope.Whole() {
		return "1 = 1", nil
	}
	within, args := database.ScopeWhere(scope, "l.community_id")
	return `all_communities = 0
		AND NOT EXISTS (SELECT 1 FROM open_client_scope l WHERE l.client_id = open_client.id AND NOT (` + within + "))", args
}

// OpenClients lists the clients of the open API in the scope by name: there are at most core.MaxOpenClients of all.
// Their secrets are without text.
func (s *Store) OpenClients(ctx context.Context, scope core.Scope) ([]core.OpenClient, error) {
	within, args := openClientsWithin(scope)
	list, err := readOpenClients(s.allOf(ctx), nil, within+" ORDER BY name, id", args...)
	return list, database.Wrap("list clients of the open API", err)
}

// OpenClient returns a client of the open API in the scope; its secrets are without text.
func (s *Store) OpenClient(ctx context.Context, scope core.Scope, id core.ID) (core.OpenClient, error) {
	within, args := openClientsWithin(scope)
	list, err := readOpenClients(s.allOf(ctx), nil, "id = ? AND "+within, append([]any{int64(id)}, args...)...)
	if err == nil && len(list) == 0 {
		err = core.NotFound(noOpenClient)
	}
	if err != nil {
		return core.OpenClient{}, database.Wrap("read a client of the open API", err)
	}
	return list[0], nil
}

// OpenCaller returns the client that calls by a key, with its secrets, for a call to be checked. One that is disabled is
// NotFound.
func (s *Store) OpenCaller(ctx context.Context, key string) (core.OpenClient, error) {
	list, err := readOpenClients(s.allOf(ctx), s.db.Reveal, "client_key = ? AND disabled_at IS NULL", key)
	if err == nil && len(list) == 0 {
		err = core.NotFound(noOpenClient)
	}
	if err != nil {
		return core.OpenClient{}, database.Wrap("read who calls the open API", err)
	}
	return list[0], nil
}

// readOpenClients reads clients with communities and secrets; reveal decrypts the secrets, nil leaves them without text.
func readOpenClients(
	all readAll, reveal func(column, sealed string) string, where string, args ...any,
) ([]core.OpenClient, error) {
	var rows []openClientRow
	if err := all(&rows, openClientColumns+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	list, at := make([]core.OpenClient, len(rows)), map[core.ID]int{}
	for i, row := range rows {
		list[i], at[row.ID] = row.client(), i
	}
	ids := database.IDsOf(rows, func(r openClientRow) core.ID { return r.ID })
	in := "client_id IN (" + database.Placeholders(len(ids)) + ")"
	var links []struct {
		Client    core.ID `db:"client_id"`
		Community core.ID `db:"community_id"`
	}
	err := all(&links, "SELECT client_id, community_id FROM open_client_scope WHERE "+in+" ORDER BY community_id", database.IDArgs(ids)...)
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		c := &list[at[link.Client]]
		c.Scope = c.Scope.With(link.Community)
	}
	var secrets []struct {
		ID      core.ID         `db:"id"`
		Client  core.ID         `db:"client_id"`
		Cipher  string          `db:"cipher"`
		Created database.Millis `db:"created_at"`
		Used    database.Millis `db:"used_at"`
	}
	err = all(&secrets, "SELECT id, client_id, cipher, created_at, used_at FROM open_secret WHERE "+in+" ORDER BY id DESC",
		database.IDArgs(ids)...)
	for _, row := range secrets {
		kept := core.OpenSecret{ID: row.ID, Created: row.Created.Time, Used: row.Used.Time}
		if reveal != nil {
			kept.Text = reveal(openSecretColumn, row.Cipher)
		}
		c := &list[at[row.Client]]
		c.Secrets = append(c.Secrets, kept)
	}
	return list, err
}

// openClientAudit is what the audit log records of a client: never its secrets.
type openClientAudit struct {
	Name        string          `json:"name"`
	Key         string          `json:"key"`
	Calls       []core.OpenCall `json:"calls"`
	Communities string          `json:"communities"`
	Rate        int             `json:"rate"`
	Disabled    bool            `json:"disabled"`
	Secrets     int             `json:"secrets"`
}

func auditOfOpenClient(c core.OpenClient) openClientAudit {
	kept := openClientAudit{
		Name: c.Name, Key: c.Key, Calls: c.Calls, Communities: database.JoinIDs(c.Scope.Communities()), Rate: c.Rate,
		Disabled: !c.Disabled.IsZero(), Secrets: len(c.Secrets),
	}
	if c.Scope.Whole() {
		kept.Communities = "全部"
	}
	return kept
}

// errOpenOperators refuses acts upon clients, which reach into many communities.
var errOpenOperators = core.Forbidden("只有运维人可以管理开放接口")

// CreateOpenClient adds a client, and returns its secret, which nobody is told again.
func (s *Store) CreateOpenClient(ctx context.Context, by core.Actor, c core.OpenClient) (id core.ID, text string, err error) {
	c = c.Trimmed()
	if !by.MayOperate() {
		return 0, "", errOpenOperators
	}
	if err := c.Check(); err != nil {
		return 0, "", err
	}
	err = s.db.Write(ctx, "add a client of the open API", func(tx *database.Tx) error {
		var n int
		if err := tx.Get(&n, "SELECT COUNT(*) FROM open_client"); err != nil {
			return err
		}
		if n >= core.MaxOpenClients {
			return core.Conflict("客户端已达 200 个")
		}
		c := c
		c.ID, c.Key = tx.NewID(), "tx"+secret.Hex(9)
		id = c.ID
		_, err := tx.Exec(
			`INSERT INTO open_client (id, client_key, name, calls, all_communities, rate, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			int64(c.ID), c.Key, c.Name, joinCalls(c.Calls), database.BoolInt(c.Scope.Whole()), c.Rate, tx.NowMS(), tx.NowMS(),
		)
		if err != nil {
			return err
		}
		if err := openClientScope(tx, c); err != nil {
			return err
		}
		if text, err = createOpenSecret(tx, c.ID); err != nil {
			return err
		}
		c.Secrets = []core.OpenSecret{{}}
		return audit.Write(tx, by, audit.Entry{
			Action: "openclient.create", Subject: audit.Target("openclient", c.ID), After: auditOfOpenClient(c),
		})
	})
	return id, text, err
}

func joinCalls(calls []core.OpenCall) string {
	texts := make([]string, len(calls))
	for i, call := range calls {
		texts[i] = string(call)
	}
	return strings.Join(texts, ",")
}

// openClientScope replaces the communities of a client.
func openClientScope(tx *database.Tx, c core.OpenClient) error {
	if _, err := tx.Exec("DELETE FROM open_client_scope WHERE client_id = ?", int64(c.ID)); err != nil || c.Scope.Whole() {
		return err
	}
	ids, known := c.Scope.Communities(), 0
	err := database.EachPart(ids, func(part []core.ID) error {
		var n int
		err := tx.Get(&n, "SELECT COUNT(*) FROM community WHERE id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		known += n
		return err
	})
	if err == nil && known != len(ids) {
		err = core.NotFound(noCommunity)
	}
	if err != nil {
		return err
	}
	return database.InsertRows(tx, database.InsertInto, "open_client_scope", "client_id, community_id",
		linkRows(c.ID, c.Scope.Communities()))
}

// createOpenSecret makes a further secret of a client.
func createOpenSecret(tx *database.Tx, client core.ID) (string, error) {
	text := secret.Text(32)
	sealed, err := tx.Keys().Seal(openSecretColumn, text)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec("INSERT INTO open_secret (id, client_id, cipher, created_at) VALUES (?, ?, ?, ?)",
		int64(tx.NewID()), int64(client), sealed, tx.NowMS())
	return text, err
}

// changeOpenClient locks a client, lets change write, and records both states.
func (s *Store) changeOpenClient(
	ctx context.Context, by core.Actor, action string, id core.ID, change func(tx *database.Tx, old core.OpenClient) error,
) error {
	if !by.MayOperate() {
		return errOpenOperators
	}
	return s.db.Write(ctx, "change a client of the open API", func(tx *database.Tx) error {
		old, err := lockOpenClient(tx, id)
		if err != nil {
			return err
		}
		if err := change(tx, old); err != nil {
			return err
		}
		list, err := readOpenClients(tx.All, nil, "id = ?", int64(id))
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: action, Subject: audit.Target("openclient", id), Before: auditOfOpenClient(old), After: auditOfOpenClient(list[0]),
		})
	})
}

func lockOpenClient(tx *database.Tx, id core.ID) (core.OpenClient, error) {
	list, err := readOpenClients(tx.All, nil, "id = ?"+tx.Dialect().ForUpdate(), int64(id))
	if err == nil && len(list) == 0 {
		err = core.NotFound(noOpenClient)
	}
	if err != nil {
		return core.OpenClient{}, err
	}
	return list[0], nil
}

// UpdateOpenClient changes name, calls, communities and rate of a client, at once for all servers. It returns the new
// Updated.
func (s *Store) UpdateOpenClient(ctx context.Context, by core.Actor, c core.OpenClient) (updated time.Time, err error) {
	c = c.Trimmed()
	err = s.changeOpenClient(ctx, by, "openclient.update", c.ID, func(tx *database.Tx, old core.OpenClient) error {
		if err := database.CheckUnchanged(c.Updated, old.Updated); err != nil {
			return err
		}
		c := c
		var err error
		if c.Scope, err = scopeWithArchived(tx, c.Scope, old.Scope); err != nil {
			return err
		}
		if err := c.Check(); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		_, err = tx.Exec(
			"UPDATE open_client SET name = ?, calls = ?, all_communities = ?, rate = ?, updated_at = ? WHERE id = ?",
			c.Name, joinCalls(c.Calls), database.BoolInt(c.Scope.Whole()), c.Rate, updated.UnixMilli(), int64(c.ID),
		)
		if err != nil {
			return err
		}
		return openClientScope(tx, c)
	})
	return updated, err
}

// DisableOpenClient refuses all calls of a client from now on.
func (s *Store) DisableOpenClient(ctx context.Context, by core.Actor, id core.ID) error {
	return s.changeOpenClient(ctx, by, "openclient.disable", id, func(tx *database.Tx, old core.OpenClient) error {
		return tx.ExecOne(core.Conflict("客户端已停用"),
			"UPDATE open_client SET disabled_at = ?, updated_at = ? WHERE id = ? AND disabled_at IS NULL",
			tx.NowMS(), tx.NextUpdated(old.Updated), int64(id))
	})
}

// EnableOpenClient allows the calls of a client again.
func (s *Store) EnableOpenClient(ctx context.Context, by core.Actor, id core.ID) error {
	return s.changeOpenClient(ctx, by, "openclient.enable", id, func(tx *database.Tx, old core.OpenClient) error {
		return tx.ExecOne(core.Conflict("客户端没有停用"),
			"UPDATE open_client SET disabled_at = NULL, updated_at = ? WHERE id = ? AND disabled_at IS NOT NULL",
			tx.NextUpdated(old.Updated), int64(id))
	})
}

// RotateOpenClient makes a newer secret of a client and returns it, which nobody is told again. The one before stays good
// until it is retired, so that the other system can change over without a gap.
func (s *Store) RotateOpenClient(ctx context.Context, by core.Actor, id core.ID) (text string, err error) {
	err = s.changeOpenClient(ctx, by, "openclient.rotate", id, func(tx *database.Tx, old core.OpenClient) error {
		if len(old.Secrets) >= core.MaxOpenSecrets {
			return core.Conflict("已有两个密钥，请先停用旧的")
		}
		text, err = createOpenSecret(tx, id)
		return err
	})
	return text, err
}

// RetireOpenClient ends a secret of a client: the older one, or the newer one that was never used, such as one that was lost.
// The last one stays.
func (s *Store) RetireOpenClient(ctx context.Context, by core.Actor, id, retired core.ID) error {
	return s.changeOpenClient(ctx, by, "openclient.retire", id, func(tx *database.Tx, old core.OpenClient) error {
		if len(old.Secrets) < 2 {
			return core.Conflict("只有一个密钥，请先更换，再停用旧的")
		}
		query, refusal := "DELETE FROM open_secret WHERE id = ? AND client_id = ?", core.NotFound("没有这个密钥")
		if retired == old.Secrets[0].ID {
			query, refusal = query+" AND used_at IS NULL", core.Conflict("新密钥已在使用，不能停用")
		}
		return tx.ExecOne(refusal, query, int64(retired), int64(id))
	})
}

// OpenUse is one call of a client whose signature is right.
type OpenUse struct {
	Client, Secret core.ID
	Nonce          string
}

// CountOpenUse takes the nonce of a call, on all servers: a second call with it is a Conflict. It notes to a minute that
// client and secret are in use.
func (s *Store) CountOpenUse(ctx context.Context, use OpenUse) error {
	return s.db.Write(ctx, "take the nonce of a call", func(tx *database.Tx) error {
		_, err := tx.Exec("INSERT INTO open_nonce (client_id, nonce, expires_at) VALUES (?, ?, ?)",
			int64(use.Client), use.Nonce, tx.NowMS()+(core.OpenNonce+core.OpenClock).Milliseconds())
		if database.IsDuplicate(err) {
			return core.Conflict("这次调用已处理过")
		}
		if err != nil {
			return err
		}
		noted := tx.NowMS() - time.Minute.Milliseconds()
		if _, err := tx.Exec("UPDATE open_client SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at < ?)",
			tx.NowMS(), int64(use.Client), noted); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE open_secret SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at < ?)",
			tx.NowMS(), int64(use.Secret), noted)
		return err
	})
}

// PurgeOpenNonces forgets nonces whose calls would be refused by their time alone.
func (s *Store) PurgeOpenNonces(ctx context.Context) error {
	return s.db.Write(ctx, "purge nonces", func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM open_nonce WHERE expires_at < ?", tx.NowMS())
		return err
	})
}
