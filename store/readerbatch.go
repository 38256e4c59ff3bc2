package store

import (
	"maps"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// readerItem is whom a reader lets through, as a batch keeps it.
type readerItem struct {
	QRAllowed bool     `json:"qr_allowed"`
	Kinds     string   `json:"kinds"`
	Nodes     []string `json:"scope_nodes"` // names, for the batch's page
	Scope     string   `json:"scope"`       // their ids
	Updated   int64    `json:"updated"`     // updated_at
}

func itemOfReader(r core.Reader, nodes map[core.ID]string) readerItem {
	return readerItem{r.QRAllowed, joinKinds(r.Kinds), scopeNames(r, nodes), database.JoinIDs(r.ScopeNodes), millisOf(r.Updated)}
}

// permission returns what the item says.
func (i readerItem) permission(reader core.ID) core.ReaderPermission {
	return core.ReaderPermission{
		Reader: reader, QRAllowed: i.QRAllowed, Kinds: splitKinds(i.Kinds), ScopeNodes: database.SplitIDs(i.Scope),
	}
}

// readerChange is a reader before and after a change of whom it lets through.
type readerChange struct{ was, is core.Reader }

// permitReader writes whom a locked reader lets through.
func permitReader(tx *database.Tx, by core.Actor, action string, was core.Reader, p core.ReaderPermission) (readerChange, error) {
	is := was.Permitted(p)
	is.Updated = time.UnixMilli(tx.NextUpdated(was.Updated))
	err := setReader(
		tx, was.ID, core.NotFound(noReader), "qr_allowed = ?, kinds = ?, scope_nodes = ?, updated_at = ?",
		database.BoolInt(is.QRAllowed), joinKinds(is.Kinds), database.JoinIDs(is.ScopeNodes), is.Updated.UnixMilli(),
	)
	if err == nil {
		err = auditReader(tx, by, action, &was, &is)
	}
	return readerChange{was, is}, err
}

// writeReaderBatches keeps changes of whom readers let through, a batch for each community.
func writeReaderBatches(tx *database.Tx, by core.Actor, kind core.BatchKind, changed []readerChange) (core.Batch, error) {
	var nodes []core.ID
	for _, c := range changed {
		nodes = append(append(nodes, c.was.ScopeNodes...), c.is.ScopeNodes...)
	}
	names := map[core.ID]string{}
	err := database.EachPart(sortedIDs(nodes), func(part []core.ID) error {
		some, err := nodeLabels(tx, part)
		maps.Copy(names, some)
		return err
	})
	if err != nil {
		return core.Batch{}, err
	}
	things := map[core.ID][]batchThing{}
	var communities []core.ID
	for _, c := range changed {
		at := c.was.Community
		if things[at] == nil {
			communities = append(communities, at)
		}
		things[at] = append(things[at], batchThing{ID: c.was.ID, Before: itemOfReader(c.was, names), After: itemOfReader(c.is, names)})
	}
	return writeBatches(tx, by, kind, communities, things)
}

func undoReadersQR(u *undoing) error { return undoPermissions(u, "reader.switch_qr") }

func undoReadersPermitted(u *undoing) error { return undoPermissions(u, "reader.permit") }

// undoPermissions has readers let through again whom they did, unless they were changed since.
func undoPermissions(u *undoing, action string) error {
	return u.each(func(item batchItemRow) error {
		var was, became readerItem
		if err := readBatchText(item.Before, &was); err != nil {
			return err
		}
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		r, err := lockReader(u.tx, core.Everywhere, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case millisOf(r.Updated) != became.Updated || !r.Permission().Same(became.permission(r.ID)):
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		back := was.permission(r.ID)
		there, err := nodesOf(u.tx, r.Community, back.ScopeNodes)
		if err != nil {
			return err
		}
		if !there { // a building that it served was removed
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		_, err = permitReader(u.tx, u.by, action, r, back)
		return err
	})
}
