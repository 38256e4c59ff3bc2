package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exportRows is how many rows an export reads at a time.
const exportRows = 500

// ExportResidents gives every resident of the filter, in the order of the list, to
// each; with whole, phone and ID numbers unmasked. That somebody took the file, and
// which, is in the audit log before the first row is read. It holds a few hundred
// residents at a time.
func (s *Store) ExportResidents(
	ctx context.Context, by core.Actor, scope core.Scope, f ResidentFilter, whole bool,
	each func(ResidentRow) error,
) error {
	scope, err := f.within(scope)
	if err != nil {
		return err
	}
	words, err := s.residentFilterWords(ctx, scope, f, whole)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, "export residents", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: actCommunity(scope, f.Community), Action: "resident.export", Target: "resident",
			After: words,
		})
	})
	f.Page = Page{Limit: exportRows}
	for more := true; more && err == nil; {
		var ids []core.ID
		var list []ResidentRow
		if ids, more, err = s.residentPage(ctx, scope, f); err == nil {
			list, err = s.residentRows(ctx, ids, whole)
		}
		for i := 0; i < len(list) && err == nil; i++ {
			err = each(list[i])
		}
		if len(ids) > 0 {
			f.Page.Next = ids[len(ids)-1]
		}
	}
	return database.Wrap("export residents", err)
}

// residentFilterWords says a filter for the audit log.
func (s *Store) residentFilterWords(ctx context.Context, scope core.Scope, f ResidentFilter, whole bool) (string, error) {
	words := s.filterWords(ctx, scope)
	words.words = []string{"手机与证件号打码"}
	if whole {
		words.words[0] = "完整手机与证件号"
	}
	words.id(filterHouse, f.House)
	words.id(filterNode, f.Node)
	words.add("认证", map[string]string{"yes": "已认证", "no": "未认证"}[f.Certified])
	words.add("身份", f.Identity.Words())
	if f.MovedOut {
		words.words = append(words.words, "已迁出")
	}
	words.keyword(f.Keyword)
	return words.all("")
}
