package main

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A clock that jumped ahead ends no lease and transfers no house; both happen once there are records of that time.
func TestNobodyMovesOutByAClockThatJumped(t *testing.T) {
	var ahead atomic.Int64
	began := time.Now()
	s := estate.Store(t, store.Options{Now: func() time.Time { return began.Add(time.Duration(ahead.Load())) }})
	e := estate.New(t, s, estate.Plan{})
	passed := func() {
		t.Helper()
		record := core.AccessRecord{Community: e.Community, At: s.Now(), Via: core.ViaReader, Direction: core.Out}
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{record}); err != nil {
			t.Fatal(err)
		}
	}
	today := core.DayOf(s.Now(), s.Zone())
	lodger, err := s.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: e.Community, House: e.Houses[0], Name: "周租客", Identity: core.Lodger, Phone: "13700137001", LeaseDay: today,
	})
	if err != nil {
		t.Fatal(err)
	}
	transfer := core.HouseTransfer{
		House: e.Houses[1], Day: today + 1, Family: core.TransferStay, Tenants: core.TransferStay,
		Owner: core.Resident{Name: "孙新主", Phone: "13900139000"},
	}
	plan, err := s.PlanTransfer(t.Context(), core.Everywhere, transfer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.TransferHouse(t.Context(), core.System, core.Everywhere, transfer, plan.Seen); err != nil {
		t.Fatal(err)
	}
	// work does both, and reports whether the lease ended and the house is transferred.
	work := func() (ended, transferred bool) {
		t.Helper()
		a := &app{store: s}
		for _, p := range a.periodic() {
			if !slices.Contains([]string{"end leases", "transfer houses"}, p.name) {
				continue
			}
			if err := p.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		row, err := s.Resident(t.Context(), core.Everywhere, lodger)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.PlannedTransfer(t.Context(), core.Everywhere, e.Houses[1])
		return !row.MovedOut.IsZero(), core.IsNotFound(err)
	}
	passed()
	ahead.Store(int64(5 * 24 * time.Hour))
	if ended, transferred := work(); ended || transferred {
		t.Errorf("in doubt: the lease ended %t, the house is transferred %t", ended, transferred)
	}
	passed()
	if ended, transferred := work(); !ended || !transferred {
		t.Errorf("without doubt: the lease ended %t, the house is transferred %t", ended, transferred)
	}
}
