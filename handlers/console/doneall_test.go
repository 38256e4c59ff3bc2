package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
)

// The message after an act on several things counts what the act changed, not what was ticked: one of each was
// done by somebody else meanwhile, or needed nothing.
func TestMessagesCountWhatWasDone(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	alerts, doors, people := d.Fevers(t, d.Mine, 3), d.Mine.Doors, d.Mine.Residents
	ids := func(all ...core.ID) []string { return frame.IDValues(all) }
	_, err := d.Store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: d.Mine.Community, Houses: d.Mine.Houses, Restriction: core.Restriction{Exits: 1, Reason: "装修"},
	})
	if err == nil {
		_, err = d.Store.HandleAccessAlerts(t.Context(), core.System, core.Everywhere, []core.ID{alerts[2].ID}, "")
	}
	if err == nil {
		_, err = d.Store.SwitchReadersQR(t.Context(), core.System, core.Everywhere, store.ReaderQR{Readers: []core.ID{doors[0].ID}})
	}
	if err != nil {
		t.Fatal(err)
	}
	at := "?community=" + d.Mine.Community.String()
	for path, c := range map[string]struct {
		ids  []string
		said string
	}{
		frame.AccessAlertPath + "/handle":    {ids(alerts[0].ID, alerts[1].ID, alerts[2].ID), "已处理 2 条告警，其余 1 条已由别人处理。"},
		frame.ReaderPath + "/qr?allowed=0":   {ids(doors[0].ID, doors[1].ID), "1 台读头不再接受二维码，立即生效。"},
		frame.RestrictionPath + "/lift" + at: {ids(d.Mine.Houses...), "已解除 2 套房屋的限制，立即恢复小区的规则。"},
		frame.ResidentPath + "/moveout" + at: {ids(people[0].ID, people[1].ID), "已迁出 2 名住户，通行证立即失效。"},
	} {
		_, to := b.Post(t, path, url.Values{"id": c.ids, "confirmed": {"1"}}, http.StatusSeeOther)
		if words := b.Get(t, to, http.StatusOK).Find("main .tx-flash").Text(); !strings.Contains(words, c.said) {
			t.Errorf("%s: told %q, want %q", path, words, c.said)
		}
	}
}
