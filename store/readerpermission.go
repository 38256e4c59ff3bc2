package store

import (
	"context"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// ReadersPermitted is what PermitReaders has done.
type ReadersPermitted struct {
	Batch core.Batch    // zero if nothing changed; see SwitchReadersQR
	Left  []core.Reader // not changed: somebody else has changed them since they were shown
}

// PermitReaders changes whom readers let through 权限管理, each as the list says. A reader that is not there, or not in the scope,
// leaves all as they were.
func (s *Store) PermitReaders(
	ctx context.Context, by core.Actor, scope core.Scope, list []core.ReaderPermission,
) (ReadersPermitted, error) {
	if len(list) == 0 || len(list) > MaxReaderQR {
		return ReadersPermitted{}, core.Invalid(fmt.Sprintf("请选择 1 至 %d 台读头", MaxReaderQR))
	}
	list = slices.SortedFunc(slices.Values(list), func(a, b core.ReaderPermission) int { return int(a.Reader - b.Reader) })
	var done ReadersPermitted
	err := s.db.Write(ctx, "permit readers", func(tx *database.Tx) error {
		done = ReadersPermitted{}
		var changed []readerChange
		for i, p := range list {
			if i > 0 && p.Reader == list[i-1].Reader {
				return core.Invalid("同一台读头写了两次")
			}
			before, err := lockReader(tx, scope, p.Reader)
			switch {
			case err != nil:
				return err
			case !before.Updated.Equal(p.Updated):
				done.Left = append(done.Left, before)
				continue
			case before.Permission().Same(p):
				continue
			}
			if err := checkPermission(tx, before, p); err != nil {
				return err
			}
			change, err := permitReader(tx, by, "reader.permit", before, p)
			if err != nil {
				return err
			}
			changed = append(changed, change)
		}
		var err error
		done.Batch, err = writeReaderBatches(tx, by, core.BatchReaderPermit, changed)
		return err
	})
	return done, err
}

// checkPermission refuses what the form of a reader refuses, with its name: several are changed at once.
func checkPermission(tx *database.Tx, r core.Reader, p core.ReaderPermission) error {
	err := r.Permitted(p).Check()
	for _, field := range []string{"kinds", "scope_nodes"} {
		if words := fieldsOf(err)[field]; words != "" {
			return core.Invalid("“" + r.Name + "”：" + words)
		}
	}
	there, err := nodesOf(tx, r.Community, p.ScopeNodes)
	if err == nil && !there {
		err = core.Invalid("所选楼栋不在这个小区，或已拆除；请刷新后再选")
	}
	return err
}
