package demo

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store"
)

// Done is which steps of the tour have been done, computed from the data alone: nothing is ticked by hand.
type Done struct {
	Opened   bool // one of the family has verified their phone, and has a pass
	Passed   bool // a door opened for one of them
	Refused  bool // a code of theirs was shown again, and refused
	Released bool // the guard released one of them
	Visited  bool // a door opened for a visitor
	Looked   bool // somebody is signed in as the administrator
	Imported bool // a list of residents was imported into the community
}

// doneRecords is how many of the family's latest records are examined: those of the seeded month are
// among them.
const doneRecords = 500

// WhatIsDone reads what has been done since the database was filled. The records of the seeded month are
// told from a visitor's by the code that was shown: they have none.
func WhatIsDone(ctx context.Context, s *store.Store, cast Cast) (Done, error) {
	var done Done
	scope := core.ScopeOf(cast.Community)
	for _, member := range cast.Family {
		rows, _, err := s.Residents(ctx, scope, store.ResidentFilter{
			Community: cast.Community, Keyword: member.Name, Page: store.Page{Limit: 20},
		})
		if err != nil {
			return Done{}, err
		}
		for _, r := range rows {
			if r.Name != member.Name || r.HouseLabel != cast.House {
				continue
			}
			done.Opened = done.Opened || !r.Certified.IsZero()
			if err := done.passages(ctx, s, scope, r.Person); err != nil {
				return Done{}, err
			}
		}
	}
	visits, _, err := s.AccessRecords(ctx, scope, core.RecordFilter{
		Kind: core.PassVisitor, Via: core.ViaReader, Direction: core.In, Result: "allowed",
	}, store.Page{Limit: 1})
	if done.Visited = len(visits) > 0; err != nil {
		return done, err
	}
	sessions, err := s.Sessions(ctx, core.SessionAccount, cast.Admin)
	if done.Looked = len(sessions) > 0; err != nil {
		return done, err
	}
	imports, _, err := s.Imports(ctx, scope, store.ImportFilter{
		Kinds: []core.ImportKind{core.ImportResidents}, Page: store.Page{Limit: doneImports},
	})
	done.Imported = slices.ContainsFunc(imports, core.Import.Wrote)
	return done, err
}

// doneImports is how many of the latest imports are examined.
const doneImports = 50

// passages adds what a person's records show.
func (d *Done) passages(ctx context.Context, s *store.Store, scope core.Scope, person core.ID) error {
	records, _, err := s.AccessRecords(ctx, scope, core.RecordFilter{Person: person}, store.Page{Limit: doneRecords})
	for _, r := range records {
		if r.TokenDigest == "" {
			continue
		}
		d.Passed = d.Passed || r.Allowed && r.Via == core.ViaReader
		d.Refused = d.Refused || r.Reason == core.ReasonTokenUsed
		d.Released = d.Released || r.Allowed && r.Via != core.ViaReader
	}
	return err
}
