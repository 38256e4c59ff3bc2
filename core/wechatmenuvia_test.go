package core

import (
	"slices"
	"testing"
)

// A menu that was made before its account served communities of its own leads to the account of all; what leads elsewhere, or
// already names the account, is not stale.
func TestMenuVia(t *testing.T) {
	const public = "https://pass.example.com"
	own, whole := WechatApp{AppID: "wxown", Scope: ScopeOf(7)}, WechatApp{AppID: "wxall", Scope: Everywhere}
	for _, c := range []struct {
		of         WechatApp
		link, want string
	}{
		{own, public + "/h5/pass", public + "/h5/pass?via=wxown"},
		{own, public + "/h5/pass?via=wxown", public + "/h5/pass?via=wxown"},
		{own, public + "/h5/pass?via=wxall", public + "/h5/pass?via=wxown"},
		{own, public + "/h5/certification/new?community=7", public + "/h5/certification/new?community=7&via=wxown"},
		{own, "https://www.example.com/h5/pass", "https://www.example.com/h5/pass"},
		{own, public + ".cn/h5/pass", public + ".cn/h5/pass"},
		{own, public + "/about", public + "/about"},
		{own, "", ""},
		{whole, public + "/h5/pass", public + "/h5/pass"},
		{whole, public + "/h5/pass?via=wxown", public + "/h5/pass"},
		{whole, public + "/h5/pass?via=wxall", public + "/h5/pass?via=wxall"},
	} {
		menu := []MenuButton{{Kind: ButtonGroup, Name: "更多", Sub: []MenuButton{{Kind: ButtonView, Name: "通行证", URL: c.link}}}}
		mended, stale := MenuVia(public, c.of, menu)
		if got := mended[0].Sub[0].URL; got != c.want || (len(stale) > 0) != (c.want != c.link) {
			t.Errorf("%s by %s: %q, stale %v; want %q", c.link, c.of.AppID, got, stale, c.want)
		}
		if menu[0].Sub[0].URL != c.link {
			t.Errorf("%s: the menu itself was changed", c.link)
		}
		if _, again := MenuVia(public, c.of, mended); len(again) > 0 {
			t.Errorf("%s: stale after it was mended: %v", c.link, again)
		}
	}
	if _, stale := MenuVia(public, own, DefaultMenu(public, own)); len(stale) > 0 {
		t.Errorf("the default menu is stale: %v", stale)
	}
	_, stale := MenuVia(public, own, DefaultMenu(public, whole))
	if want := []string{"通行证", "访客", "门岗", "观察员", "手机端审核"}; !slices.Equal(stale, want) {
		t.Errorf("stale: %v, want %v", stale, want)
	}
}
