package demo_test

import (
	"bytes"
	"fmt"
	"testing"

	"tongxing/core"
	"tongxing/demo"
	"tongxing/handlers/console"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A step is ticked by what happened, and by nothing of the seeded month.
func TestTheTourKnowsWhatIsDone(t *testing.T) {
	s := estate.Store(t, store.Options{})
	cast, err := demo.Seed(t.Context(), s, func(m demo.Member) core.WechatIdentity {
		return core.WechatIdentity{AppID: "wx", OpenID: "o-" + m.Key}
	}, keys)
	if err != nil {
		t.Fatal(err)
	}
	is := func(want demo.Done) {
		t.Helper()
		if got, err := demo.WhatIsDone(t.Context(), s, cast); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	is(demo.Done{})
	father := cast.Family[0]
	user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-" + father.Key})
	if err != nil {
		t.Fatal(err)
	}
	is(demo.Done{}) // a phone without a verified number has no pass
	if _, err := s.BindPhone(t.Context(), user.ID, father.Phone, father.Name); err != nil {
		t.Fatal(err)
	}
	is(demo.Done{Opened: true})
	if user, err = s.WechatUser(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	n := 0
	record := func(r core.AccessRecord) {
		t.Helper()
		n++
		r.Community, r.At, r.HouseLabel, r.TokenDigest = cast.Community, s.Now(), cast.House, fmt.Sprintf("%064d", n)
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{r}); err != nil {
			t.Fatal(err)
		}
	}
	passage := func(via core.Via, allowed bool, reason core.Reason) {
		t.Helper()
		record(core.AccessRecord{
			Via: via, Direction: core.Out, Kind: core.PassResident, Person: user.Person, Name: father.Name, Allowed: allowed,
			Reason: reason,
		})
	}
	passage(core.ViaReader, true, core.ReasonAllowed)
	is(demo.Done{Opened: true, Passed: true})
	passage(core.ViaReader, false, core.ReasonTokenUsed)
	passage(core.ViaManual, false, core.ReasonGuard) // not a release
	is(demo.Done{Opened: true, Passed: true, Refused: true})
	passage(core.ViaManual, true, core.ReasonAllowed)
	is(demo.Done{Opened: true, Passed: true, Refused: true, Released: true})
	for _, allowed := range []bool{false, true} {
		record(core.AccessRecord{Via: core.ViaReader, Direction: core.In, Kind: core.PassVisitor, Name: "朋友", Allowed: allowed})
		is(demo.Done{Opened: true, Passed: true, Refused: true, Released: true, Visited: allowed})
	}
	importsTheBook(t, s, cast)
	is(demo.Done{Opened: true, Passed: true, Refused: true, Released: true, Visited: true, Imported: true})
	members := reads(t, s, cast.Community, core.ImportMembers, demo.MemberBook(core.DayOf(s.Now(), s.Zone())))
	counts := members.Counts
	if members.State != core.ImportPreview || counts.Rows() != 6 || counts.Of(core.ImportNew) != 3 || counts.Of(core.ImportWrong) != 3 {
		t.Errorf("the workbook of members is read as %+v", members)
	}
}

// importsTheBook imports the tour's workbook: four of its rows are right, each of the others shows another mistake.
func importsTheBook(t *testing.T, s *store.Store, cast demo.Cast) {
	t.Helper()
	community, err := s.Community(t.Context(), core.Everywhere, cast.Community)
	if err != nil {
		t.Fatal(err)
	}
	houses, _, err := s.Houses(t.Context(), core.Everywhere, store.HouseFilter{Community: community.ID, Page: store.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	names, err := s.HouseNames(t.Context(), houses[0].House)
	if err != nil {
		t.Fatal(err)
	}
	imp := reads(t, s, community.ID, core.ImportResidents, demo.ImportBook(community, names))
	if imp.State != core.ImportPreview || imp.Counts.Rows() != 12 || imp.Counts.Of(core.ImportNew) != 3 ||
		imp.Counts.Of(core.ImportWrong) != 8 || len(imp.Counts.Faults()) < 7 {
		t.Fatalf("read as %+v", imp)
	}
	step := func(int64, int64) error { return nil }
	err = s.WriteImport(t.Context(), core.System, core.Everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli())
	if err == nil {
		_, err = s.WriteImportRows(t.Context(), imp.ID, step)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reads returns an import whose workbook has been read.
func reads(t *testing.T, s *store.Store, community core.ID, kind core.ImportKind, of sheet.Template) core.Import {
	t.Helper()
	var book bytes.Buffer
	if err := sheet.WriteTemplate(&book, of); err != nil {
		t.Fatal(err)
	}
	imp, err := s.CreateImport(t.Context(), core.System, core.Everywhere, store.NewImport{
		Community: community, Kind: kind, File: "练习.xlsx", Content: book.Bytes(),
	})
	if err == nil {
		_, err = s.ReadImport(t.Context(), imp.ID, console.OpenImport, func(int64, int64) error { return nil })
	}
	if err == nil {
		imp, err = s.Import(t.Context(), core.Everywhere, imp.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return imp
}
