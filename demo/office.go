package demo

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// office creates what a real office has on its desk: houses with arrears, a household that may not
// go out, a feverish resident held back by the guard, a saved view, a check of the audit log.
func (s *seeder) office(ctx context.Context, e *estate) error {
	for i, fen := range map[int]int64{7: 126_000, 23: 48_050, 41: 310_000} {
		change := store.HouseChange{Names: e.places[i], ArrearsFen: fen}
		if _, err := s.store.UpdateHouse(ctx, core.System, core.Everywhere, e.houses[i], change); err != nil {
			return err
		}
	}
	quarantine := core.Restriction{Exits: -1, Reason: "居家观察，社区通知", LastDay: core.DayOf(s.now, s.store.Zone()) + 5}
	if _, err := s.store.CreateRestrictions(ctx, core.System, core.Everywhere, store.RestrictionChange{
		Community: e.id, Houses: e.houses[12:13], Restriction: quarantine,
	}); err != nil {
		return err
	}
	if err := s.fever(ctx, e); err != nil {
		return err
	}
	owner := core.Actor{Kind: core.ActorAccount, ID: s.cast.Admin, Name: adminName}
	if _, err := s.store.StartJob(ctx, owner, core.JobVerifyAudit); err != nil {
		return err
	}
	if err := s.rehearse(ctx, e, owner); err != nil {
		return err
	}
	_, err := s.store.CreateSavedView(ctx, core.SavedView{
		Account: s.cast.Admin, Stem: "accessrecord", Name: "被拒绝的", Query: "result=refused",
	})
	return err
}

// rehearse tries a stricter rule over what happened: nobody goes out early or late.
func (s *seeder) rehearse(ctx context.Context, e *estate, by core.Actor) error {
	rule, err := s.store.PassRule(ctx, core.Everywhere, e.id)
	if err != nil {
		return err
	}
	if rule.Hours, err = core.ParseHours("07:00-20:00"); err != nil {
		return err
	}
	draft := core.RehearsalDraft{Rule: rule.PassRule}
	id, err := s.store.CreateRehearsal(ctx, by, core.Everywhere, e.id, core.UsualRehearsalDays, draft)
	if err == nil {
		_, err = s.store.RunRehearsal(ctx, id, func(int64, int64) error { return nil })
	}
	return err
}

// fever creates a person whom the guard measured and did not let out, and the alert for it.
func (s *seeder) fever(ctx context.Context, e *estate) error {
	r := e.residents[len(e.residents)-1]
	record := core.AccessRecord{
		Community: e.id, Via: core.ViaGuard, Post: s.post, Kind: core.PassResident, Direction: core.Out,
		Reason: core.ReasonFever, TempTenths: 381,
		Resident: r.ID, Person: r.Person, House: r.House, Name: r.Name, HouseLabel: e.labels[slices.Index(e.houses, r.House)],
		Gate: "南门岗亭", ReleasedBy: guard.Name, At: s.now.Add(-2 * time.Minute).UTC().Truncate(time.Millisecond),
	}
	if err := s.store.ImportAccessRecords(ctx, []core.AccessRecord{record}); err != nil {
		return err
	}
	return s.store.RaiseAccessAlerts(ctx)
}
