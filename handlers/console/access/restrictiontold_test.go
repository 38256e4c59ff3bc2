package access

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

// A question says who is told, and when, and whom to call.
func TestToldEffects(t *testing.T) {
	seven := time.Date(2026, 12, 1, 7, 0, 0, 0, core.PlatformZone)
	none := map[core.MessageReason]int{core.WhyNoWechat: 8}
	for name, c := range map[string]struct {
		f    store.RestrictionForecast
		day  core.Day
		want []string
	}{
		"nobody is certified": {store.RestrictionForecast{Residents: 3}, 0, []string{"涉及 3 名住户，都没有认证，不发通知"}},
		"by day": {store.RestrictionForecast{Residents: 1200, Certified: 1000, Soon: 1000}, 0, []string{
			"涉及 1,200 名住户，其中 1,000 名已认证", "1,000 名两分钟后收到通知；两分钟内撤销则不通知",
		}},
		"at night": {store.RestrictionForecast{Residents: 13, Certified: 9, Morning: 1, Quiet: seven, Unreached: none}, 0, []string{
			"涉及 13 名住户，其中 9 名已认证", "1 名夜间不打扰，7 点后收到通知；两分钟内撤销则不通知", "8 名收不到通知（没有绑定微信），请电话告知",
		}},
		"several reasons": {store.RestrictionForecast{Residents: 9, Certified: 9, Soon: 1, Held: 2, Unreached: map[core.MessageReason]int{
			core.WhyNotFollowed: 2, core.WhyNoWechat: 4,
		}}, 0, []string{
			"涉及 9 名住户，其中 9 名已认证", "1 名两分钟后收到通知", "2 名要等发送渠道恢复后才收到通知；两分钟内撤销则不通知",
			"6 名收不到通知（没有绑定微信 4 名、没有关注公众号 2 名），请电话告知",
		}},
		"nobody is told": {store.RestrictionForecast{Residents: 8, Certified: 8, Unreached: none}, 0, []string{
			"涉及 8 名住户，其中 8 名已认证", "8 名收不到通知（没有绑定微信），请电话告知",
		}},
		"later": {store.RestrictionForecast{Residents: 9, Certified: 9, Morning: 1, Quiet: seven, Unreached: none}, 30000, []string{
			"涉及 9 名住户，现在有 9 名已认证", "1 名在那天 7 点后收到通知（夜间不打扰）；生效前取消则不通知",
			"8 名收不到通知（没有绑定微信），请电话告知",
		}},
	} {
		if got := toldEffects(c.f, c.day); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Whom nothing reaches is named when a restriction is set and when it is lifted, and afterwards with the list in which they will
// be, if the account may see that.
func TestWhoIsMissedIsSaid(t *testing.T) {
	d := newDesk(t)
	house := d.Mine.Houses[0]
	if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: house, Name: "李桂英", Identity: core.Family, Phone: "13800000099", Certified: time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	may := []core.Permission{core.PermRestrictionEdit, core.PermPassRuleView, core.PermHouseView}
	list := frame.UnreachedPath + "?community=" + d.Mine.Community.String()
	for _, sees := range []bool{true, false} {
		b := d.SignIn(t, core.ScopeOf(d.Mine.Community), may...)
		if sees {
			b = d.SignIn(t, core.ScopeOf(d.Mine.Community), append(may, core.PermMessageView)...)
		}
		said := func(what string) {
			t.Helper()
			flash := b.Get(t, frame.RestrictionPath, http.StatusOK).Find(".tx-flash")
			link, _ := flash.Find("a.tx-flash-next").Attr("href")
			if !strings.Contains(flash.Text(), "名住户收不到通知，请电话告知") || sees != (link == list) {
				t.Errorf("%s, %v: says %q, leads to %q", what, sees, flash.Text(), link)
			}
		}
		form := url.Values{
			"community": {d.Mine.Community.String()}, "houses": {house.String()}, "exits": {"1"}, "reason": {"居家"},
		}
		if q := answered(t, b, frame.RestrictionPath, form); !strings.Contains(q, "收不到通知（没有绑定微信") {
			t.Errorf("asks %q", q)
		}
		b.Post(t, frame.RestrictionPath, desk.WithConfirmed(form), http.StatusSeeOther)
		said("restricted")
		b.Post(t, frame.RestrictionPath+"/"+house.String()+"/lift", desk.ConfirmedForm(), http.StatusSeeOther)
		said("lifted")
	}
}
