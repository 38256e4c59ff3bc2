package core

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var shanghai = mustZone("Asia/Shanghai")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// at parses a wall-clock time in Shanghai.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, shanghai)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// noon is an ordinary moment: Sunday, 15 March 2026.
var noon = at("2026-03-15 12:00:00")

func day(text string) Day {
	d, err := ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func hours(text string) []HourRange {
	h, err := ParseHours(text)
	if err != nil {
		panic(err)
	}
	return h
}

// goingOut returns a resident with a live token at a working reader, in a community without limits.
func goingOut() Facts {
	return Facts{
		Zone: shanghai, Via: ViaReader, Direction: Out, Token: TokenLive,
		ReaderEnabled: true, ReaderAccepts: true, ReaderInScope: true, ReaderQR: true,
		PassKind: PassResident, PassEnabled: true, HasIDNumber: true,
		Rule: DefaultPassRule(),
	}
}

func with(change func(*Facts)) Facts {
	f := goingOut()
	change(&f)
	return f
}

type decideCase struct {
	name     string
	facts    Facts
	now      time.Time // zero = noon
	reason   Reason
	sentence string // "" = not checked
	left     int
	limit    int
}

func checkDecide(t *testing.T, cases []decideCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			now := c.now
			if now.IsZero() {
				now = noon
			}
			d := Decide(c.facts, now)
			if d.Reason != c.reason || d.Allowed != (c.reason == ReasonAllowed) {
				t.Fatalf("allowed %v, reason %s; want %s", d.Allowed, d.Reason, c.reason)
			}
			if c.sentence != "" && d.Sentence != c.sentence {
				t.Errorf("sentence %q, want %q", d.Sentence, c.sentence)
			}
			if d.Left != c.left || d.Limit != c.limit {
				t.Errorf("left %d of %d, want %d of %d", d.Left, d.Limit, c.left, c.limit)
			}
			if want := d.Allowed && c.facts.Direction != In && c.facts.Via != ViaPreview; d.Counts != want {
				t.Errorf("counts %v, want %v", d.Counts, want)
			}
		})
	}
}

func TestDecideDoor(t *testing.T) {
	checkDecide(t, []decideCase{
		{name: "all well", facts: goingOut(), reason: ReasonAllowed, sentence: "请通行"},
		{name: "nothing known", facts: Facts{}, reason: ReasonReaderUnknown},
		{name: "unknown or disabled device", facts: with(func(f *Facts) { f.ReaderEnabled = false }), reason: ReasonReaderUnknown},
		{name: "unknown token", facts: with(func(f *Facts) { f.Token = TokenAbsent }), reason: ReasonTokenAbsent},
		{name: "no token of ours", facts: with(func(f *Facts) { f.Token = TokenForeign }), reason: ReasonTokenForeign},
		{name: "no token", facts: with(func(f *Facts) { f.Token = TokenMissing }), reason: ReasonTokenAbsent},
		{name: "no such token state", facts: with(func(f *Facts) { f.Token = "fresh" }), reason: ReasonTokenAbsent},
		{name: "used token", facts: with(func(f *Facts) { f.Token = TokenUsed }), reason: ReasonTokenUsed},
		{name: "busy token", facts: with(func(f *Facts) { f.Token = TokenBusy }), reason: ReasonTokenBusy},
		{name: "kind", facts: with(func(f *Facts) { f.ReaderAccepts = false }), reason: ReasonPassKind},
		{name: "scope", facts: with(func(f *Facts) { f.ReaderInScope = false }), reason: ReasonScope},
		{name: "community QR off", facts: with(func(f *Facts) { f.Rule.ReaderQR = false }), reason: ReasonReaderQR},
		{name: "device QR off", facts: with(func(f *Facts) { f.ReaderQR = false }), reason: ReasonReaderQR},
		{name: "community QR off at a guard", facts: with(func(f *Facts) {
			f.Rule.ReaderQR, f.ReaderQR, f.Via = false, false, ViaGuard
		}), reason: ReasonAllowed},
		{name: "guard needs a token", facts: with(func(f *Facts) { f.Token, f.Via = TokenUsed, ViaGuard }), reason: ReasonTokenUsed},
		{name: "guard of another community", facts: with(func(f *Facts) { f.ReaderInScope, f.Via = false, ViaGuard }), reason: ReasonScope},
		{name: "closed post", facts: with(func(f *Facts) { f.ReaderEnabled, f.Via = false, ViaManual }), reason: ReasonReaderUnknown},
		{name: "manual needs none", facts: with(func(f *Facts) {
			f.Token, f.Via, f.ReaderAccepts = TokenMissing, ViaManual, false
		}), reason: ReasonAllowed},
		{name: "manual of another community", facts: with(func(f *Facts) {
			f.Token, f.Via, f.ReaderInScope = TokenMissing, ViaManual, false
		}), reason: ReasonScope},
		{name: "an unknown way of asking is a reader", facts: with(func(f *Facts) {
			f.Via, f.Token = "drone", TokenMissing
		}), reason: ReasonTokenAbsent},
		{
			name: "a preview has no door",
			facts: Facts{
				Zone: shanghai, Via: ViaPreview, Direction: Out, PassKind: PassResident, PassEnabled: true,
				Rule: DefaultPassRule(),
			},
			reason: ReasonAllowed, sentence: "现在可以出门",
		},
	})
}

func TestDecideValidity(t *testing.T) {
	lease := func(last string) Facts {
		return with(func(f *Facts) { f.LeaseLast = day(last) })
	}
	checkDecide(t, []decideCase{
		{name: "not certified or moved out", facts: with(func(f *Facts) { f.PassEnabled = false }), reason: ReasonPassDisabled},
		{name: "lease's last second", facts: lease("2026-03-15"), now: at("2026-03-15 23:59:59"), reason: ReasonAllowed},
		{name: "lease over", facts: lease("2026-03-15"), now: at("2026-03-16 00:00:00"), reason: ReasonLeaseEnded},
		{name: "lease over binds entry", facts: with(func(f *Facts) {
			f.LeaseLast, f.Direction = day("2026-03-14"), In
		}), reason: ReasonLeaseEnded},
	})
}

func limited(exits, period int, tally Tally) Facts {
	return with(func(f *Facts) { f.Rule.Exits, f.Rule.PeriodDays, f.Exits = exits, period, tally })
}

func TestDecideCounting(t *testing.T) {
	today, yesterday := day("2026-03-15"), day("2026-03-14")
	entry := limited(1, 1, Tally{today: 1})
	entry.Direction = In
	nowhere := limited(1, 1, Tally{today: 1})
	nowhere.Direction = ""
	blockedIn := limited(-1, 1, nil)
	blockedIn.Direction = In
	checkDecide(t, []decideCase{
		{name: "unlimited", facts: limited(0, 1, Tally{today: 50}), reason: ReasonAllowed},
		{name: "blocked out", facts: limited(-1, 1, nil), reason: ReasonBlocked},
		{name: "blocked in", facts: blockedIn, reason: ReasonBlocked},
		{name: "first of one", facts: limited(1, 1, nil), reason: ReasonAllowed, left: 1, limit: 1, sentence: "请通行，这是最后一次"},
		{name: "second of one", facts: limited(1, 1, Tally{today: 1}), reason: ReasonCount, limit: 1, sentence: "次数已用完，明天起可出门"},
		{name: "third of three", facts: limited(3, 1, Tally{today: 2}), reason: ReasonAllowed, left: 1, limit: 3},
		{name: "second of three", facts: limited(3, 1, Tally{today: 1}), reason: ReasonAllowed, left: 2, limit: 3,
			sentence: "请通行，还可出门 1 次"},
		{
			name: "yesterday's does not count in one day", facts: limited(1, 1, Tally{yesterday: 9}),
			reason: ReasonAllowed, left: 1, limit: 1,
		},
		{name: "yesterday's counts in two", facts: limited(1, 2, Tally{yesterday: 1}), reason: ReasonCount, limit: 1},
		{
			name: "the day before does not count in two", facts: limited(1, 2, Tally{yesterday - 1: 1}),
			reason: ReasonAllowed, left: 1, limit: 1,
		},
		{name: "thirty days back: last inside", facts: limited(1, 30, Tally{today - 29: 1}), reason: ReasonCount, limit: 1},
		{name: "thirty days back: first outside", facts: limited(1, 30, Tally{today - 30: 1}), reason: ReasonAllowed, left: 1, limit: 1},
		{
			name:  "exits of several days add up",
			facts: limited(3, 3, Tally{today: 1, yesterday: 1, yesterday - 1: 1}), reason: ReasonCount,
			limit: 3,
		},
		{name: "limit lowered below what was used", facts: limited(1, 1, Tally{today: 3}), reason: ReasonCount, limit: 1},
		{
			name: "last second of the day", facts: limited(1, 1, Tally{today: 1}),
			now: at("2026-03-15 23:59:59"), reason: ReasonCount, limit: 1,
		},
		{
			name: "first second of the next", facts: limited(1, 1, Tally{today: 1}),
			now: at("2026-03-16 00:00:00"), reason: ReasonAllowed, left: 1, limit: 1,
		},
		{name: "entry is never bound", facts: entry, reason: ReasonAllowed, limit: 1, sentence: "欢迎回家，请通行"},
		{name: "no direction counts as out", facts: nowhere, reason: ReasonCount, limit: 1},
	})
}

func TestDecideHours(t *testing.T) {
	open := func(text string, direction Direction) Facts {
		return with(func(f *Facts) { f.Rule.Hours, f.Direction = hours(text), direction })
	}
	checkDecide(t, []decideCase{
		{
			name: "before", facts: open("06:00-22:00", Out), now: at("2026-03-15 05:59:59"),
			reason: ReasonHours, sentence: "不在出门时段，06:00 起可出门",
		},
		{name: "from is inside", facts: open("06:00-22:00", Out), now: at("2026-03-15 06:00:00"), reason: ReasonAllowed},
		{name: "last second", facts: open("06:00-22:00", Out), now: at("2026-03-15 21:59:59"), reason: ReasonAllowed},
		{
			name: "to is outside", facts: open("06:00-22:00", Out), now: at("2026-03-15 22:00:00"),
			reason: ReasonHours, sentence: "不在出门时段，明天 06:00 起可出门",
		},
		{name: "entry is never bound", facts: open("06:00-22:00", In), now: at("2026-03-15 23:00:00"), reason: ReasonAllowed},
		{name: "across midnight, evening", facts: open("22:00-02:00", Out), now: at("2026-03-15 23:30:00"), reason: ReasonAllowed},
		{name: "across midnight, morning", facts: open("22:00-02:00", Out), now: at("2026-03-15 01:59:59"), reason: ReasonAllowed},
		{name: "across midnight, over", facts: open("22:00-02:00", Out), now: at("2026-03-15 02:00:00"), reason: ReasonHours},
		{
			name: "between two spans", facts: open("06:00-08:00,17:00-20:00", Out),
			now: at("2026-03-15 12:00:00"), reason: ReasonHours, sentence: "不在出门时段，17:00 起可出门",
		},
		{name: "second span", facts: open("06:00-08:00,17:00-20:00", Out), now: at("2026-03-15 17:30:00"), reason: ReasonAllowed},
		{name: "whole day", facts: open("00:00-24:00", Out), now: at("2026-03-15 23:59:59"), reason: ReasonAllowed},
	})
}

func TestDecideRestriction(t *testing.T) {
	restricted := func(community, exits int, last string) Facts {
		f := limited(community, 1, Tally{day("2026-03-15"): 1})
		f.Restriction = &Restriction{Exits: exits}
		if last != "" {
			f.Restriction.LastDay = day(last)
		}
		return f
	}
	entry := restricted(0, -1, "")
	entry.Direction = In
	outOfHours := restricted(0, 0, "")
	outOfHours.Rule.Hours = hours("01:00-02:00")
	window := restricted(0, 1, "")
	window.Rule.PeriodDays, window.Exits = 7, Tally{day("2026-03-09"): 1}
	checkDecide(t, []decideCase{
		{name: "blocked out", facts: restricted(0, -1, ""), reason: ReasonRestricted},
		{name: "blocked in", facts: entry, reason: ReasonRestricted},
		{name: "before the community's block", facts: restricted(-1, -1, ""), reason: ReasonRestricted},
		{name: "unlimited in a limited community", facts: restricted(1, 0, ""), reason: ReasonAllowed},
		{name: "unlimited in a blocked community", facts: restricted(-1, 0, ""), reason: ReasonAllowed},
		{name: "fewer", facts: restricted(5, 1, ""), reason: ReasonCount, limit: 1},
		{name: "more", facts: restricted(1, 3, ""), reason: ReasonAllowed, left: 2, limit: 3},
		{name: "the community's period", facts: window, reason: ReasonCount, limit: 1},
		{name: "the community's hours", facts: outOfHours, reason: ReasonHours},
		{name: "last day", facts: restricted(0, -1, "2026-03-15"), now: at("2026-03-15 23:59:59"), reason: ReasonRestricted},
		{name: "over", facts: restricted(0, -1, "2026-03-15"), now: at("2026-03-16 00:00:00"), reason: ReasonAllowed},
		{name: "over: the community's rule again", facts: restricted(1, 0, "2026-03-14"), reason: ReasonCount, limit: 1},
		{name: "over: the community's block again", facts: restricted(-1, 0, "2026-03-14"), reason: ReasonBlocked},
	})
}

func TestDecideRecords(t *testing.T) {
	records := func(change func(*Facts)) Facts {
		return with(func(f *Facts) {
			f.Rule.RecordID, f.Rule.RecordTemp, f.HasIDNumber = true, true, true
			f.Via, f.TempTenths = ViaGuard, 365
			change(f)
		})
	}
	checkDecide(t, []decideCase{
		{name: "given", facts: records(func(f *Facts) {}), reason: ReasonAllowed},
		{name: "no ID at a reader", facts: records(func(f *Facts) {
			f.Via, f.HasIDNumber, f.IDGiven = ViaReader, false, true
		}), reason: ReasonNeedID, sentence: "请到门岗登记身份证"},
		{name: "no ID at a guard", facts: records(func(f *Facts) { f.HasIDNumber = false }), reason: ReasonNeedID, sentence: "请登记身份证号"},
		{name: "ID registered by the guard", facts: records(func(f *Facts) {
			f.HasIDNumber, f.IDGiven = false, true
		}), reason: ReasonAllowed},
		{name: "no ID and not asked", facts: records(func(f *Facts) {
			f.HasIDNumber, f.Rule.RecordID = false, false
		}), reason: ReasonAllowed},
		{name: "no ID at entry", facts: records(func(f *Facts) { f.HasIDNumber, f.Direction = false, In }), reason: ReasonNeedID},
		{name: "no thermometer", facts: records(func(f *Facts) { f.Via = ViaReader }), reason: ReasonNeedTemp, sentence: "请到门岗测温"},
		{name: "thermometer, not measured", facts: records(func(f *Facts) {
			f.Via, f.ReaderThermometer, f.TempTenths = ViaReader, true, 0
		}), reason: ReasonNeedTemp, sentence: "请先测温再扫码"},
		{name: "thermometer, measured", facts: records(func(f *Facts) {
			f.Via, f.ReaderThermometer = ViaReader, true
		}), reason: ReasonAllowed},
		{name: "guard did not measure", facts: records(func(f *Facts) { f.TempTenths = 0 }), reason: ReasonNeedTemp, sentence: "请录入体温"},
		{name: "manual did not measure", facts: records(func(f *Facts) { f.Via, f.TempTenths = ViaManual, 0 }), reason: ReasonNeedTemp},
		{name: "entry is measured too", facts: records(func(f *Facts) { f.Direction, f.TempTenths = In, 0 }), reason: ReasonNeedTemp},
		{name: "37.2", facts: records(func(f *Facts) { f.TempTenths = 372 }), reason: ReasonAllowed},
		{name: "37.3", facts: records(func(f *Facts) { f.TempTenths = 373 }), reason: ReasonFever},
		{name: "another limit", facts: records(func(f *Facts) { f.TempTenths, f.Rule.FeverTenths = 375, 380 }), reason: ReasonAllowed},
		{name: "no limit set", facts: records(func(f *Facts) { f.TempTenths, f.Rule.FeverTenths = 373, 0 }), reason: ReasonFever},
		{name: "fever where nobody asks", facts: records(func(f *Facts) {
			f.TempTenths, f.Rule.RecordTemp = 390, false
		}), reason: ReasonAllowed},
		{name: "preview says what is needed", facts: records(func(f *Facts) {
			f.Via, f.TempTenths = ViaPreview, 0
		}), reason: ReasonAllowed, sentence: "现在可以出门，需在门岗测温"},
		{name: "preview, ID", facts: records(func(f *Facts) {
			f.Via, f.HasIDNumber, f.Rule.RecordTemp = ViaPreview, false, false
		}), reason: ReasonAllowed, sentence: "现在可以出门，需在门岗登记身份证"},
		{name: "preview, both", facts: records(func(f *Facts) {
			f.Via, f.HasIDNumber = ViaPreview, false
		}), reason: ReasonAllowed, sentence: "现在可以出门，需在门岗测温、登记身份证"},
		{name: "preview, QR off", facts: with(func(f *Facts) {
			f.Via, f.Rule.ReaderQR = ViaPreview, false
		}), reason: ReasonAllowed, sentence: "现在可以出门，请走门岗"},
	})
	d := Decide(records(func(f *Facts) { f.Via, f.HasIDNumber = ViaReader, false }), noon)
	if !d.NeedID || !d.NeedTemp {
		t.Errorf("a refusal must still say what the passage needs: %+v", d)
	}
}

// TestDecideOrder breaks the rules one by one, last first: each time the reason must be the
// earliest broken rule.
func TestDecideOrder(t *testing.T) {
	steps := []struct {
		reason Reason
		change func(*Facts)
	}{
		{ReasonFever, func(f *Facts) { f.Rule.RecordTemp, f.ReaderThermometer, f.TempTenths = true, true, 390 }},
		{ReasonNeedTemp, func(f *Facts) { f.TempTenths = 0 }},
		{ReasonNeedID, func(f *Facts) { f.Rule.RecordID, f.HasIDNumber = true, false }},
		{ReasonCount, func(f *Facts) { f.Rule.Exits, f.Exits = 1, Tally{DayOf(noon, shanghai): 1} }},
		{ReasonHours, func(f *Facts) { f.Rule.Hours = hours("01:00-02:00") }},
		{ReasonBlocked, func(f *Facts) { f.Rule.Exits = -1 }},
		{ReasonRestricted, func(f *Facts) { f.Restriction = &Restriction{Exits: -1} }},
		{ReasonLeaseEnded, func(f *Facts) { f.LeaseLast = DayOf(noon, shanghai) - 1 }},
		{ReasonPassDisabled, func(f *Facts) { f.PassEnabled = false }},
		{ReasonReaderQR, func(f *Facts) { f.Rule.ReaderQR = false }},
		{ReasonScope, func(f *Facts) { f.ReaderInScope = false }},
		{ReasonPassKind, func(f *Facts) { f.ReaderAccepts = false }},
		{ReasonTokenUsed, func(f *Facts) { f.Token = TokenUsed }},
		{ReasonReaderUnknown, func(f *Facts) { f.ReaderEnabled = false }},
	}
	f := goingOut()
	for _, s := range steps {
		s.change(&f)
		if d := Decide(f, noon); d.Reason != s.reason {
			t.Errorf("reason %s, want %s", d.Reason, s.reason)
		}
	}
}

func TestEveryReasonHasSentence(t *testing.T) {
	if len(Reasons()) != len(reasonSentences) {
		t.Fatalf("%d reasons, %d sentences", len(Reasons()), len(reasonSentences))
	}
	for _, r := range Reasons() {
		s, ok := reasonSentences[r]
		if !ok || s == "" {
			t.Errorf("%s has no sentence", r)
		}
		if utf8.RuneCountInString(s) > 20 {
			t.Errorf("%s: %q does not fit a reader", r, s)
		}
	}
	if Reason("new").Sentence() == "" {
		t.Error("a reason that is not known must still say something")
	}
}

func TestRefusalLeaksNothing(t *testing.T) {
	f := limited(3, 1, Tally{day("2026-03-15"): 1})
	f.ReaderInScope = false
	if d := Decide(f, noon); d != (Decision{Reason: ReasonScope, Sentence: ReasonScope.Sentence()}) {
		t.Errorf("another community's door learns of the pass: %+v", d)
	}
	if strings.Contains(Decide(goingOut(), noon).Sentence, "0") {
		t.Error("an unlimited pass says a number")
	}
}

// A kind of pass without rules is refused whatever else holds, and nothing of it is counted.
func TestAKindWithoutRulesIsRefused(t *testing.T) {
	for _, via := range []Via{ViaReader, ViaGuard, ViaManual, ViaPreview} {
		for _, direction := range []Direction{In, Out} {
			f := Facts{
				Zone: shanghai, Via: via, Direction: direction, Token: TokenLive, ReaderEnabled: true, ReaderInScope: true,
				ReaderAccepts: true, ReaderQR: true, PassKind: "of tomorrow", PassEnabled: true, Rule: DefaultPassRule(),
			}
			d := Decide(f, noon)
			if d.Allowed || d.Counts || d.Reason != ReasonPassKind || !d.Next.IsZero() {
				t.Errorf("%s %s: %+v", via, direction, d)
			}
		}
	}
}

// Every kind that pages offer has rules, and a row: it is never refused for its kind.
func TestEveryKindHasRules(t *testing.T) {
	for _, kind := range PassKinds() {
		allowed := false
		for _, direction := range Directions() {
			f := Facts{
				Zone: shanghai, Via: ViaPreview, Direction: direction, PassKind: kind, PassEnabled: true, Rule: DefaultPassRule(),
				Dedicated: DedicatedFacts{Until: DayOf(noon, shanghai), Member: true, Institution: true},
			}
			allowed = allowed || Decide(f, noon).Allowed
		}
		row := kind.Type()
		if !allowed || row.Short == "" || row.Whom == "" || row.check == nil {
			t.Errorf("%s: allowed %v, %+v", kind, allowed, row)
		}
		if kind.Label() == PassKind("").Label() || !kind.Valid() {
			t.Errorf("%s has no name", kind)
		}
	}
}
