package core

import (
	"testing"
	"time"
)

// An urgent release is for people with a valid pass of this community whom only the hours, the number of
// exits, a closure or a temperature hold back, at a post that may do it.
func TestDecideUrgent(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	today := DayOf(now, time.UTC)
	at := func(change func(*Facts)) Facts {
		f := Facts{
			Via: ViaGuard, Direction: Out, Token: TokenLive, ReaderEnabled: true, ReaderInScope: true, PostUrgent: true,
			PassKind: PassResident, PassEnabled: true, HasIDNumber: true, Rule: PassRule{Counting: CountPerson, PeriodDays: 1},
		}
		change(&f)
		return f
	}
	full := Tally{}
	full.Add(today)
	limited := func(f *Facts) { f.Rule.Exits, f.Exits = 1, full }
	for name, c := range map[string]struct {
		facts Facts
		want  Reason
	}{
		"count":      {at(limited), ReasonUrgent},
		"by hand":    {at(func(f *Facts) { limited(f); f.Via, f.Token = ViaManual, TokenMissing }), ReasonUrgent},
		"restricted": {at(func(f *Facts) { f.Restriction = &Restriction{Exits: -1} }), ReasonUrgent},
		"blocked":    {at(func(f *Facts) { f.Rule.Exits = -1 }), ReasonUrgent},
		"fever":      {at(func(f *Facts) { f.Rule.RecordTemp, f.TempTenths = true, 390 }), ReasonUrgent},
		"allowed":    {at(func(*Facts) {}), ReasonAllowed},
		"no tick":    {at(func(f *Facts) { limited(f); f.PostUrgent = false }), ReasonCount},
		"reader": {at(func(f *Facts) {
			limited(f)
			f.Via, f.ReaderAccepts, f.ReaderQR, f.Rule.ReaderQR = ViaReader, true, true, true
		}), ReasonCount},
		"preview":     {at(func(f *Facts) { limited(f); f.Via = ViaPreview }), ReasonCount},
		"used":        {at(func(f *Facts) { limited(f); f.Token = TokenUsed }), ReasonTokenUsed},
		"unknown":     {at(func(f *Facts) { limited(f); f.Token = TokenAbsent }), ReasonTokenAbsent},
		"forged":      {at(func(f *Facts) { limited(f); f.Token = TokenForeign }), ReasonTokenForeign},
		"busy":        {at(func(f *Facts) { limited(f); f.Token = TokenBusy }), ReasonTokenBusy},
		"elsewhere":   {at(func(f *Facts) { limited(f); f.ReaderInScope = false }), ReasonScope},
		"no pass":     {at(func(f *Facts) { limited(f); f.PassEnabled = false }), ReasonPassDisabled},
		"lease":       {at(func(f *Facts) { limited(f); f.LeaseLast = today - 1 }), ReasonLeaseEnded},
		"post closed": {at(func(f *Facts) { limited(f); f.ReaderEnabled = false }), ReasonReaderUnknown},
		"no record":   {at(func(f *Facts) { f.Rule.RecordTemp = true }), ReasonNeedTemp},

		"an emergency at a reader": {at(func(f *Facts) {
			limited(f)
			f.Emergency, f.PostUrgent, f.Via, f.ReaderAccepts, f.ReaderQR, f.Rule.ReaderQR = true, false, ViaReader, true, true, true
		}), ReasonUrgent},
		"an emergency where only guards may": {at(func(f *Facts) {
			f.Emergency, f.Via, f.ReaderAccepts, f.Rule.RecordTemp = true, ViaReader, true, true
		}), ReasonUrgent},
		"an emergency at a post": {at(func(f *Facts) { limited(f); f.Emergency, f.PostUrgent = true, false }), ReasonUrgent},
		"an emergency of nobody": {at(func(f *Facts) { limited(f); f.Emergency, f.PassEnabled = true, false }), ReasonPassDisabled},
		"an emergency unproven":  {at(func(f *Facts) { limited(f); f.Emergency, f.Token = true, TokenUsed }), ReasonTokenUsed},
		"an emergency elsewhere": {at(func(f *Facts) { limited(f); f.Emergency, f.ReaderInScope = true, false }), ReasonScope},
		"an emergency asked":     {at(func(f *Facts) { limited(f); f.Emergency, f.Via = true, ViaPreview }), ReasonCount},
	} {
		d := DecideUrgent(c.facts, now)
		if d.Reason != c.want || d.Allowed != (c.want == ReasonUrgent || c.want == ReasonAllowed) {
			t.Errorf("%s: %v %v, want %v", name, d.Allowed, d.Reason, c.want)
		}
		if urgent := c.want == ReasonUrgent; urgent && (d.Overruled != Decide(c.facts, now).Reason || !d.Counts || d.Sentence != "紧急放行") {
			t.Errorf("%s: overruled %q, counts %v, %q", name, d.Overruled, d.Counts, d.Sentence)
		}
	}
	inwards := at(func(f *Facts) { f.Rule.Exits, f.Direction = -1, In })
	if d := DecideUrgent(inwards, now); d.Reason != ReasonUrgent || d.Counts {
		t.Errorf("an urgent entry: %v, counts %v; entries do not count", d.Reason, d.Counts)
	}
}
