package core

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// dice generates random cases that are small enough for rules to interact.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 20260315))} }

func (r dice) chance(percent int) bool { return r.IntN(100) < percent }

func (r dice) instant() time.Time {
	return noon.Add(time.Duration(r.IntN(6*86400)-3*86400) * time.Second)
}

func (r dice) hours() []HourRange {
	var list []HourRange
	for range r.IntN(3) {
		list = append(list, HourRange{From: r.IntN(minutesOfDay), To: r.IntN(minutesOfDay + 1)})
	}
	return list
}

func (r dice) tally(around Day) Tally {
	t := Tally{}
	for range r.IntN(4) {
		t[around-Day(r.IntN(5))] += 1 + r.IntN(2)
	}
	return t
}

func (r dice) exits() int { return r.IntN(5) - 1 }

// facts returns a pass at a door where only the pass's rules and the records can refuse.
func (r dice) facts(now time.Time) Facts {
	today := DayOf(now, shanghai)
	f := goingOut()
	f.Via = []Via{ViaReader, ViaGuard, ViaManual}[r.IntN(3)]
	f.Direction = []Direction{In, Out}[r.IntN(2)]
	f.PassEnabled = r.chance(95)
	f.HasIDNumber = r.chance(60)
	f.Exits = r.tally(today)
	f.Rule = PassRule{
		Counting: CountHousehold, PeriodDays: 1 + r.IntN(3), Exits: r.exits(), Hours: r.hours(),
		RecordID: r.chance(30), RecordTemp: r.chance(30), FeverTenths: 373, ReaderQR: true,
	}
	if r.chance(20) {
		f.LeaseLast = today + Day(r.IntN(5)-1)
	}
	if r.chance(40) {
		f.Restriction = &Restriction{Exits: r.exits()}
		if r.chance(70) {
			f.Restriction.LastDay = today + Day(r.IntN(5)-1)
		}
	}
	return f
}

func TestPreviewEqualsScan(t *testing.T) {
	r := newDice(1)
	allowed := 0
	for range 20000 {
		now := r.instant()
		scan := r.facts(now)
		preview := scan
		preview.Via, preview.Token = ViaPreview, TokenMissing
		preview.ReaderEnabled, preview.ReaderAccepts, preview.ReaderInScope, preview.ReaderQR = false, false, false, false
		p, s := Decide(preview, now), Decide(scan, now)
		if p.Left != s.Left || p.Limit != s.Limit || p.Unlimited != s.Unlimited || !p.Next.Equal(s.Next) || p.NeedID != s.NeedID ||
			p.NeedTemp != s.NeedTemp {
			t.Fatalf("figures differ:\n%+v\n%+v\nof %+v", p, s, scan)
		}
		// Make the records that the preview asks for.
		made := scan
		made.HasIDNumber = made.HasIDNumber || p.NeedID
		made.ReaderThermometer = true
		if p.NeedTemp {
			made.TempTenths = 365
		}
		if s = Decide(made, now); p.Allowed != s.Allowed || p.Reason != s.Reason {
			t.Fatalf("preview %s, scan %s at %v of %+v", p.Reason, s.Reason, now, scan)
		}
		if p.Allowed {
			allowed++
		}
	}
	if allowed < 2000 || allowed > 18000 {
		t.Errorf("%d of 20000 allowed: the cases are too alike to tell anything", allowed)
	}
}

func TestDecideChangesNothing(t *testing.T) {
	r := newDice(2)
	for range 5000 {
		now := r.instant()
		f := r.facts(now)
		tally := f.Exits.Encode()
		restriction := f.Restriction
		var held Restriction
		if restriction != nil {
			held = *restriction
		}
		first := Decide(f, now)
		if f.Exits.Encode() != tally || (restriction != nil && *restriction != held) {
			t.Fatalf("a decision changed its facts: %+v", f)
		}
		if !reflect.DeepEqual(first, Decide(f, now)) {
			t.Fatalf("the same facts, another decision: %+v", f)
		}
		if !first.Allowed && first.Counts {
			t.Fatalf("a refusal counts: %+v", first)
		}
	}
}

func TestCountsNeverPassLimit(t *testing.T) {
	r := newDice(3)
	for range 200 {
		f := goingOut()
		f.Rule.Exits, f.Rule.PeriodDays, f.Exits = 1+r.IntN(4), 1+r.IntN(5), Tally{}
		used := map[Day]int{} // kept by the test, so that Tally is tested too
		now := noon
		for range 300 {
			now = now.Add(time.Duration(r.IntN(8*3600)) * time.Second)
			f.Direction = []Direction{In, Out}[r.IntN(2)]
			d := Decide(f, now)
			if !d.Counts {
				continue
			}
			today := DayOf(now, shanghai)
			f.Exits.Add(today)
			used[today]++
			sum := 0
			for i := range f.Rule.PeriodDays {
				sum += used[today-Day(i)]
			}
			if sum > f.Rule.Exits || sum != f.Rule.Exits-d.Left+1 {
				t.Fatalf("%d exits in a window of %d days, limit %d, said to have %d left", sum, f.Rule.PeriodDays, f.Rule.Exits, d.Left)
			}
		}
	}
}

func TestDecideIgnoresHostZone(t *testing.T) {
	host := time.Local
	t.Cleanup(func() { time.Local = host })
	r := newDice(4)
	for range 2000 {
		now := r.instant()
		f := r.facts(now)
		time.Local = time.UTC
		want := Decide(f, now)
		for _, name := range []string{"America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"} {
			time.Local = mustZone(name)
			got := Decide(f, now.In(time.Local))
			if !got.Next.Equal(want.Next) {
				t.Fatalf("next %v on a host in %s, %v on UTC", got.Next, name, want.Next)
			}
			got.Next, want.Next = time.Time{}, time.Time{}
			if got != want {
				t.Fatalf("on a host in %s: %+v, on UTC %+v", name, got, want)
			}
			want = Decide(f, now)
		}
	}
}

// TestNextByBruteForce walks minute by minute to the first allowed instant, in the product's zone
// and in two zones with clock changes.
func TestNextByBruteForce(t *testing.T) {
	changes := map[string]time.Time{
		"Asia/Shanghai":       noon,
		"America/New_York":    time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC),
		"Australia/Lord_Howe": time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC),
		"America/Santiago":    time.Date(2026, 9, 6, 4, 0, 0, 0, time.UTC), // has no midnight that day
	}
	for name, about := range changes {
		t.Run(name, func(t *testing.T) {
			zone, r, waits := mustZone(name), newDice(5), 0
			for range 150 {
				now := about.Add(time.Duration(r.IntN(3*86400)-2*86400) * time.Second)
				f := r.facts(now)
				f.Via, f.Direction, f.Zone = ViaPreview, Out, zone
				got, want := Decide(f, now).Next, bruteNext(f, now)
				if !got.Equal(want) {
					t.Fatalf("next %v, want %v; now %v, %+v %+v", got, want, now.In(zone), f, f.Restriction)
				}
				if got.After(now) {
					waits++
				}
			}
			if waits < 20 {
				t.Errorf("only %d cases had to wait", waits)
			}
		})
	}
}

// bruteNext checks every whole minute of ten days: longer than any of the random cases needs.
func bruteNext(f Facts, now time.Time) time.Time {
	if Decide(f, now).Allowed {
		return now
	}
	for t := now.Truncate(time.Minute).Add(time.Minute); t.Before(now.AddDate(0, 0, 10)); t = t.Add(time.Minute) {
		if f.checkAt(t) == ReasonAllowed {
			return t
		}
	}
	return time.Time{}
}

func TestNextOverLongWindow(t *testing.T) {
	today := DayOf(noon, shanghai)
	f := limited(1, 30, Tally{today: 1})
	f.Rule.Hours = hours("06:00-07:00")
	d := Decide(f, noon)
	if want := at("2026-04-14 06:00:00"); !d.Next.Equal(want) {
		t.Errorf("next %v, want %v", d.Next, want)
	}
	f.Restriction = &Restriction{Exits: -1, LastDay: day("2029-12-31")}
	if d = Decide(f, noon); !d.Next.Equal(at("2030-01-01 06:00:00")) {
		t.Errorf("next %v, want the day after the restriction", d.Next)
	}
	f.Restriction.LastDay = 0
	if d = Decide(f, noon); !d.Next.IsZero() {
		t.Errorf("next %v of a restriction without an end", d.Next)
	}
}

func BenchmarkDecide(b *testing.B) {
	f := limited(2, 7, Tally{DayOf(noon, shanghai): 1})
	f.Rule.Hours = hours("06:00-22:00")
	for b.Loop() {
		Decide(f, noon)
	}
}

func BenchmarkDecideRefused(b *testing.B) {
	f := limited(1, 30, Tally{DayOf(noon, shanghai): 1})
	f.Rule.Hours = hours("06:00-07:00")
	for b.Loop() {
		Decide(f, noon)
	}
}
