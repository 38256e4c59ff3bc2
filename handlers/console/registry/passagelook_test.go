package registry

import (
	"net/http"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
)

// The pages of a resident and of a house have their passages on them, so that opening them is a look that the resident reads of.
func TestPagesOfResidentsAndHousesAreLooks(t *testing.T) {
	d := newDesk(t)
	one := d.Mine.Residents[0]
	if _, err := d.Store.Scan(t.Context(), store.ScanAttempt{
		Via: core.ViaManual, Post: d.Mine.Post, Direction: core.Out, Pass: one.Pass, TokenDigest: "out",
	}); err != nil {
		t.Fatal(err)
	}
	looks := func() int {
		t.Helper()
		f := core.AuditFilter{Action: "accessrecord.look"}
		lines, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, f, core.Page{Limit: 99})
		if err != nil {
			t.Fatal(err)
		}
		return len(lines)
	}
	pages := []core.Permission{core.PermResidentView, core.PermHouseView}
	for _, at := range []string{
		frame.ResidentURL(one.ID), frame.ResidentURL(one.ID) + "?tab=" + frame.PassagesTab, frame.HouseURL(d.Mine.Houses[0]),
		frame.HouseURL(d.Mine.Houses[0]) + "?tab=" + frame.PassagesTab,
	} {
		before := looks()
		d.SignIn(t, core.ScopeOf(d.Mine.Community), pages...).Get(t, at, http.StatusOK)
		if looks() != before {
			t.Errorf("%s shows no passages, and is a look", at)
		}
		d.SignIn(t, core.ScopeOf(d.Mine.Community), append(pages, core.PermAccessRecordView)...).Get(t, at, http.StatusOK)
		if looks() == before {
			t.Errorf("%s shows passages, and is no look", at)
		}
	}
}
