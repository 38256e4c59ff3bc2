package core

import (
	"errors"
	"testing"
	"time"
)

func TestMemberIsRenewedFromTheEndOrFromToday(t *testing.T) {
	day := func(text string) Day {
		d, err := ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	today := day("2026-11-29")
	for _, c := range []struct {
		until  string
		months int
		want   string
	}{
		{"2026-12-31", 1, "2027-01-31"}, {"2027-01-31", 1, "2027-02-28"}, {"2026-12-31", 12, "2027-12-31"},
		{"2026-11-29", 1, "2026-12-29"}, {"2026-11-28", 1, "2026-12-28"}, {"2020-01-01", 3, "2027-02-28"}, // over: from today
		{"2031-11-01", 12, "2031-11-29"}, {"2032-01-01", 6, "2032-01-01"}, // not beyond five years, and never shorter
	} {
		if got := (Member{Until: day(c.until)}).Renewed(c.months, today); got != day(c.want) {
			t.Errorf("%s by %d months: %s, want %s", c.until, c.months, got, c.want)
		}
	}
}

func TestMemberStateFollowsTheDays(t *testing.T) {
	const today = 20_000
	at := time.Unix(1, 0)
	for _, c := range []struct {
		m    Member
		want MemberState
	}{
		{Member{From: today, Until: today + MemberDueDays}, MemberValid},
		{Member{From: today, Until: today + MemberDueDays - 1}, MemberDue},
		{Member{From: today - 9, Until: today}, MemberDue},
		{Member{From: today - 9, Until: today - 1}, MemberOver},
		{Member{From: today + 1, Until: today + 90}, MemberComing},
		{Member{From: today, Until: today + 90, Disabled: at}, MemberDisabled},
		{Member{From: today, Until: today - 1, InstitutionOff: true}, MemberDisabled},
	} {
		if got := c.m.State(today); got != c.want {
			t.Errorf("%+v: %s, want %s", c.m, got, c.want)
		}
	}
}

func TestMemberIsChecked(t *testing.T) {
	const today = 20_000
	names := func(err error, field string) bool {
		var e *Error
		return errors.As(err, &e) && e.Fields[field] != ""
	}
	good := Member{Institution: 1, Name: "骑手", Phone: "13700008888", From: today, Until: today}
	if err := good.Trimmed().Check(today); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Member){
		"name": func(m *Member) { m.Name = "…" }, "phone": func(m *Member) { m.Phone = "1370000" },
		"id_number": func(m *Member) { m.IDNumber = "44030019900101001X" }, "institution": func(m *Member) { m.Institution = 0 },
		"from": func(m *Member) { m.From = 0 }, "until": func(m *Member) { m.Until = today - 1 },
	} {
		m := good
		change(&m)
		if err := m.Trimmed().Check(today); !names(err, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, c := range []struct {
		from Day
		bad  bool
	}{{earliestFrom, false}, {earliestFrom - 1, true}, {-719162, true}, {memberHorizon(today) + 1, true}} {
		m := good
		if m.From, m.Until = c.from, max(c.from, today); names(m.Check(today), "from") != c.bad {
			t.Errorf("from %s: %v", c.from, m.Check(today))
		}
	}
	far := good
	far.Until = memberHorizon(today) + 1
	if err := far.Check(today); !names(err, "until") {
		t.Errorf("six years: %v", err)
	}
}

// A dedicated pass is bound by its days and by nothing that bounds residents.
func TestDedicatedPassIsBoundByItsDays(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	today := DayOf(noon, time.UTC)
	facts := func(change func(*Facts)) Facts {
		f := Facts{
			Via: ViaReader, Direction: Out, Token: TokenLive, ReaderEnabled: true, ReaderInScope: true, ReaderAccepts: true, ReaderQR: true,
			PassKind: PassDedicated, PassEnabled: true,
			Rule:        PassRule{Exits: -1, ReaderQR: true, RecordID: true, PeriodDays: 1},
			Restriction: &Restriction{Exits: -1},
			Dedicated:   DedicatedFacts{From: today, Until: today, Member: true, Institution: true},
		}
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		change func(*Facts)
		want   Reason
		words  string
	}{
		"today":        {func(*Facts) {}, ReasonAllowed, "请通行"},
		"in":           {func(f *Facts) { f.Direction = In }, ReasonAllowed, "请通行"},
		"early":        {func(f *Facts) { f.Dedicated.From = today + 2 }, ReasonEarly, "通行证还未生效，12月1日起可通行"},
		"over":         {func(f *Facts) { f.Dedicated.Until = today - 1 }, ReasonExpired, "通行证已过期"},
		"member off":   {func(f *Facts) { f.Dedicated.Member = false }, ReasonPassDisabled, "通行证未生效或已停用"},
		"office off":   {func(f *Facts) { f.Dedicated.Institution = false }, ReasonPassDisabled, "所属机构已停用"},
		"no member":    {func(f *Facts) { f.PassEnabled = false }, ReasonPassDisabled, "通行证未生效或已停用"},
		"temperature":  {func(f *Facts) { f.Rule.RecordTemp = true }, ReasonNeedTemp, "请到门岗测温"},
		"guards alone": {func(f *Facts) { f.Rule.ReaderQR = false }, ReasonReaderQR, "请到门岗扫码通行"},
		"elsewhere":    {func(f *Facts) { f.ReaderInScope = false }, ReasonScope, "通行证不适用于此门"},
	} {
		d := Decide(facts(c.change), noon)
		if d.Reason != c.want || d.Allowed != (c.want == ReasonAllowed) || d.Counts || d.Limit != 0 {
			t.Errorf("%s: %+v, want %s", name, d, c.want)
		}
		if c.words != d.Sentence {
			t.Errorf("%s: %q, want %q", name, d.Sentence, c.words)
		}
	}
}
