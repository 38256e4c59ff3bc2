package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestGuardShiftTemplates(t *testing.T) {
	shell, now := desk.SampleShell("值班记录"), time.Now()
	shift := core.GuardShift{ID: 3, GuardName: desk.Hostile, PostName: desk.Hostile, State: core.ShiftOn, Began: now.Add(-30 * time.Hour)}
	templates.CheckAll(t, "console/guardshift/", map[string]any{
		"console/guardshift/list": guardShiftListPage{
			Shell: shell, Tabs: guardPostTabs(strings.Clone, "shift"), List: templates.List{Path: frame.GuardShiftPath},
			Rows: []guardShiftRow{
				{URL: "/s", Guard: desk.Hostile, Post: desk.Hostile, Note: desk.Hostile, Began: now, State: shiftBadge(shift, now)},
				{URL: "/s", Began: now, Ended: now},
			},
		},
		"console/guardshift/show": guardShiftShowPage{
			Shell: shell, State: shiftBadge(shift, now), Note: desk.Hostile, Before: desk.Hostile, Records: "/r",
			Facts: shiftFacts(shift, core.ShiftCounts{In: 1}, desk.Hostile, time.UTC),
		},
		"console/guardshift/show#empty": guardShiftShowPage{Shell: shell},
	})
}

// The office sees who was in charge of a post, when, with what result, and what was left to say.
func TestShiftsOfAPostAreListed(t *testing.T) {
	d := newDesk(t)
	take := func(seen string) core.GuardShift {
		t.Helper()
		shift, err := d.Store.CreateGuardShift(t.Context(), core.System, core.Everywhere, store.NewGuardShift{
			Post: d.Mine.Post, Guard: d.Mine.Guard, Seen: seen,
		})
		if err != nil {
			t.Fatal(err)
		}
		return shift
	}
	first := take("0")
	done, err := d.Store.HandOverGuardShift(t.Context(), core.System, core.Everywhere, d.Mine.Guard, first.ID, "北门的灯坏了")
	if err != nil {
		t.Fatal(err)
	}
	second := take(done.Mark())
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermGuardPostView, core.PermAccessRecordView)
	list := b.Get(t, frame.GuardShiftPath, http.StatusOK)
	if rows := list.Find("tbody tr"); rows.Length() != 2 || !strings.Contains(rows.Eq(1).Text(), "北门的灯坏了") {
		t.Errorf("list: %s", list.Find("tbody").Text())
	}
	for query, want := range map[string]int{
		"?post=" + d.Mine.Post.String(): 2, "?state=on": 1, "?q=灯": 1,
		"?day=" + core.DayOf(d.Store.Now(), d.Store.Zone()).String(): 2, "?day=2020-01-02": 0,
	} {
		if n := b.Get(t, frame.GuardShiftPath+query, http.StatusOK).Find("tbody tr").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	b.Get(t, frame.GuardShiftPath+"?post="+d.Others.Post.String(), http.StatusUnprocessableEntity)
	b.Get(t, frame.GuardShiftPath+"?state=off", http.StatusUnprocessableEntity)
	page := b.Get(t, frame.GuardShiftURL(second.ID), http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "值班中") || !strings.Contains(text, "北门的灯坏了") ||
		desk.Fact(page, "出门") != "0 次" || page.Find(`main a[href*="gate=p`+d.Mine.Post.String()+`"]`).Length() != 1 {
		t.Errorf("shift: %s", text)
	}
	if post := b.Get(t, frame.GuardPostURL(d.Mine.Post), http.StatusOK); !strings.Contains(desk.Fact(post, "值班"), "起") {
		t.Errorf("post: %q", desk.Fact(post, "值班"))
	}
	other := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermGuardPostView)
	if n := other.Get(t, frame.GuardShiftPath, http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("another community sees %d", n)
	}
	other.Get(t, frame.GuardShiftURL(second.ID), http.StatusNotFound)
}

// The home says by the latest shift of a post who is on duty.
func TestDutyText(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for want, s := range map[string]core.GuardShift{
		"":                    {},
		"无人值班":                {ID: 1, State: core.ShiftHanded, GuardName: "李强", Began: now},
		"李强 值班，11-30 08:00 起": {ID: 1, State: core.ShiftOn, GuardName: "李强", Began: now.Add(-4 * time.Hour)},
		"李强 未交班，已超过 24 小时":    {ID: 1, State: core.ShiftOn, GuardName: "李强", Began: now.Add(-25 * time.Hour)},
	} {
		if got := dutyText(s, now, time.UTC); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
}
