package store

import (
	"testing"
	"time"

	"tongxing/core"
)

func TestSettingsAreSavedOverTheConfiguration(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		o.Settings = core.Settings{RecordDays: 100, ConsoleIdleMinutes: 60}
		s := openStore(t, o)
		configured := o.Settings
		configured.ReviewDays, configured.ReviewPhotoDays = core.DefaultReviewDays, core.DefaultReviewPhotoDays
		configured.Quiet = core.DefaultQuiet
		configured.Updated = neverSaved
		if got, err := s.Settings(t.Context()); err != nil || got != configured {
			t.Fatalf("before any: %+v, %v", got, err)
		}
		if got := s.RecentSettings(t.Context()); got != configured {
			t.Fatalf("recently: %+v", got)
		}
		want := core.Settings{
			RecordDays: 30, ConsoleIdleMinutes: 5, ReviewDays: 3, ReviewPhotoDays: 7, Quiet: core.QuietHours{From: 23, To: 6},
			Updated: neverSaved,
		}
		wantCode(t, discard(s.UpdateSettings(t.Context(), core.Actor{Kind: core.ActorAccount, ID: 7}, want)), core.CodeForbidden)
		if _, err := s.UpdateSettings(t.Context(), core.System, want); err != nil {
			t.Fatal(err)
		}
		wantCode(t, discard(s.UpdateSettings(t.Context(), core.System, want)), core.CodeConflict) // made on the configuration
		want.Updated = time.UnixMilli(s.Now().UnixMilli())
		if got, err := s.Settings(t.Context()); err != nil || got != want {
			t.Errorf("saved: %+v, %v", got, err)
		}
		if got := s.RecentSettings(t.Context()); got != want {
			t.Errorf("recently: %+v", got)
		}
		wantField(
			t,
			discard(s.UpdateSettings(t.Context(), core.System, core.Settings{RecordDays: 29, ConsoleIdleMinutes: 5})),
			"record_days",
		)
		tooLong := core.Settings{ConsoleIdleMinutes: 1441}
		wantField(t, discard(s.UpdateSettings(t.Context(), core.System, tooLong)), "console_idle_minutes")
		for field, change := range map[string]func(*core.Settings){
			"review_days":       func(s *core.Settings) { s.ReviewDays = 0 },
			"review_photo_days": func(s *core.Settings) { s.ReviewPhotoDays = core.MaxReviewPhotoDays + 1 },
			"quiet_from":        func(s *core.Settings) { s.Quiet.From = 24 },
			"quiet_to":          func(s *core.Settings) { s.Quiet.To = -1 },
		} {
			bad := want
			change(&bad)
			wantField(t, discard(s.UpdateSettings(t.Context(), core.System, bad)), field)
		}
		list, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Action: "setting.update"}, Page{Limit: 9})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d audit rows, %v", len(list), err)
		}
		changes := list[0].Changes()
		if len(changes) != 5 || changes[0].Before != "100" || changes[0].After != "30" || !changes[0].Changed {
			t.Errorf("changes %+v", changes)
		}
	})
}
