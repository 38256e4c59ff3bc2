package core

import (
	"testing"
	"time"
)

// A code is read whatever a scanner or a hand made of it, and nothing else is.
func TestExitCodes(t *testing.T) {
	random := make([]byte, ExitCodeBytes)
	for i := range random {
		random[i] = byte(i * 37)
	}
	code := NewExitCode(random)
	if len(code) != 29 {
		t.Fatal(code)
	}
	lower := ""
	for _, r := range code {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		lower += string(r)
	}
	for _, text := range []string{code, " " + code + "\n", lower, code[:10] + " " + code[10:]} {
		if got, ok := ReadExitCode(text); !ok || got != code {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "CMT", code[:28], code + "0", "X" + code[1:], code[:28] + "U", code[3:]} {
		if got, ok := ReadExitCode(text); ok {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

// Who may apply and who decides, by the rule, what they are in the house, and what it owes.
func TestExitRule(t *testing.T) {
	for _, c := range []struct {
		who      ExitWho
		arrears  ExitArrears
		reviewer ExitReviewer
		identity Identity
		fen      int64
		may      bool
		reviewed bool
		owners   bool
	}{
		{ExitResidents, ExitArrearsRefuse, ExitByOffice, Tenant, 0, true, true, false},
		{ExitResidents, ExitArrearsRefuse, ExitByOffice, Owner, 1, false, true, false},
		{ExitResidents, ExitArrearsReview, ExitByNobody, Owner, 1, true, true, false},
		{ExitResidents, ExitArrearsReview, ExitByNobody, Owner, 0, true, false, false},
		{ExitResidents, ExitArrearsAllow, ExitByNobody, Owner, 1, true, false, false},
		{ExitResidents, ExitArrearsAllow, ExitByOwner, Tenant, 1, true, true, true},
		{ExitResidents, ExitArrearsReview, ExitByOwner, Tenant, 1, true, true, false},
		{ExitResidents, ExitArrearsReview, ExitByOwner, Tenant, 0, true, true, true},
		{ExitResidents, ExitArrearsReview, ExitByOwner, Owner, 0, true, true, false},
		{ExitOwners, ExitArrearsAllow, ExitByOffice, Tenant, 0, false, true, false},
		{ExitOwners, ExitArrearsAllow, ExitByOffice, Owner, 0, true, true, false},
		{ExitNobody, ExitArrearsAllow, ExitByOffice, Owner, 0, false, true, false},
	} {
		r := ExitRule{Who: c.who, Arrears: c.arrears, Reviewer: c.reviewer}
		err := r.May(c.identity, c.fen)
		if (err == nil) != c.may || err != nil && CodeOf(err) != CodeForbidden {
			t.Errorf("%+v: %v", c, err)
		}
		if r.Reviewed(c.fen) != c.reviewed || r.AsksOwners(c.identity, c.fen) != c.owners {
			t.Errorf("%+v: %t, %t", c, r.Reviewed(c.fen), r.AsksOwners(c.identity, c.fen))
		}
	}
	if err := DefaultExitRule().MayOwe(128050); MessageOf(err) != "本房屋欠费 1,280.50 元，缴清后才能开出门条，请联系物业" {
		t.Error(err)
	}
}

// What is decided about things, at each place and time.
func TestDecideExitSlip(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 3, 5, 10, 0, 0, 0, zone)
	good := Facts{
		Zone: zone, Via: ViaManual, Direction: Out, ReaderEnabled: true, ReaderInScope: true, PassKind: PassExitSlip, PassEnabled: true,
		Rule: DefaultPassRule(), Exit: ExitFacts{From: now.Add(-time.Hour), Until: now.Add(time.Hour), All: 7, Ticked: 5},
	}
	for name, c := range map[string]struct {
		change func(*Facts)
		want   Reason
		words  string
	}{
		"a part":         {func(*Facts) {}, ReasonAllowed, "勾选的可以放行，其余的下次再放行"},
		"the rest":       {func(f *Facts) { f.Exit.Left = 2 }, ReasonAllowed, "物品全部可以放行"},
		"nothing ticked": {func(f *Facts) { f.Exit.Ticked = 0 }, ReasonNeedItems, "请勾选要放行的物品"},
		"no such item":   {func(f *Facts) { f.Exit.Ticked = 9 }, ReasonNeedItems, "请勾选要放行的物品"},
		"gone already":   {func(f *Facts) { f.Exit.Left = 4 }, ReasonPassUsed, "勾选的物品刚已放行，请重新核对"},
		"all gone":       {func(f *Facts) { f.Exit.Left = 7 }, ReasonPassUsed, "物品已全部放行"},
		"in":             {func(f *Facts) { f.Direction = In }, ReasonOutOnly, "出门条只能用于出门"},
		"early":          {func(f *Facts) { f.Exit.From = now.Add(time.Hour) }, ReasonEarly, "未到出门时间，11:00 起可出门"},
		"late":           {func(f *Facts) { f.Exit.Until = now.Add(-time.Second) }, ReasonExpired, "出门条已过期"},
		"revoked":        {func(f *Facts) { f.Exit.Ended = true }, ReasonPassDisabled, "出门条已撤销"},
		"restricted":     {func(f *Facts) { f.Restriction = &Restriction{Exits: -1} }, ReasonRestricted, "房屋已被限制出入"},
		"limited":        {func(f *Facts) { f.Restriction = &Restriction{Exits: 1}; f.Exits = Tally{} }, ReasonAllowed, ""},
		"no exits":       {func(f *Facts) { f.Rule.Exits = 1 }, ReasonAllowed, ""},
		"a temperature":  {func(f *Facts) { f.Rule.RecordTemp = true }, ReasonNeedTemp, ""},
		"at a reader": {func(f *Facts) {
			f.Via, f.Token, f.ReaderAccepts = ViaReader, TokenLive, true
			f.ReaderQR = true
			f.Rule.ReaderQR = true
		}, ReasonReaderQR, ""},
		"a preview":        {func(f *Facts) { f.Via = ViaPreview; f.Exit.Ticked = 0 }, ReasonAllowed, "现在可以出门，请走门岗"},
		"of another place": {func(f *Facts) { f.ReaderInScope = false }, ReasonScope, ""},
	} {
		f := good
		c.change(&f)
		d := Decide(f, now)
		if u := DecideUrgent(f, now); u.Allowed && f.Via != ViaPreview && f.Exit.Ticked&f.Exit.All == 0 {
			t.Errorf("%s, urgently: %+v", name, u)
		}
		if d.Reason != c.want || c.words != "" && d.Sentence != c.words || d.Counts {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
