package wechat_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"tongxing/wechat"
)

// menu is one with every kind of button.
func menu() []wechat.Button {
	return []wechat.Button{
		{Kind: wechat.ButtonView, Name: "通行证", URL: "https://pass.example.com/h5/pass?a=1&b=2"},
		{Kind: wechat.ButtonMini, Name: "小程序", URL: "https://pass.example.com/",
			Mini: wechat.MiniPage{AppID: miniApp, Path: "pages/pass"}},
		{Name: "更多", Sub: []wechat.Button{
			{Kind: wechat.ButtonClick, Name: "联系物业的办法在这", Key: "CALL"}, {Kind: wechat.ButtonView, Name: "审核",
				URL: "https://pass.example.com/r"},
		}},
	}
}

// TestMenu: a menu is set, read back, tapped, and removed.
func TestMenu(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if menus, err := w.official.Menus(ctx); err != nil || menus.Buttons != nil {
		t.Errorf("without a menu: %+v, %v", menus, err)
	}
	want := menu()
	want[2].Sub[0].Name = "联系物业的办法"
	if err := w.official.SetMenu(ctx, want); err != nil {
		t.Fatal(err)
	}
	if menus, err := w.official.Menus(ctx); err != nil || !reflect.DeepEqual(menus.Buttons, want) || menus.Conditional != nil {
		t.Errorf("%+v, %v", menus, err)
	}
	current, open, err := w.official.CurrentMenu(ctx)
	if err != nil || !open || len(current) != 3 || current[0].URL != want[0].URL || current[2].Sub[0].Key != "CALL" {
		t.Errorf("%+v, %t, %v", current, open, err)
	}
	if err := w.sim.Follow("zhang", officialApp); err != nil {
		t.Fatal(err)
	}
	w.heard()
	for _, tap := range []struct {
		place     []int
		name, key string
	}{
		{[]int{0}, "VIEW", want[0].URL}, {[]int{1}, "view_miniprogram", "pages/pass"}, {[]int{2, 0}, "CLICK", "CALL"},
	} {
		if _, err := w.sim.Tap("zhang", officialApp, tap.place...); err != nil {
			t.Fatal(err)
		}
		if events := w.heard(); len(events) != 1 || events[0].Name != tap.name || events[0].Key != tap.key {
			t.Errorf("%v is heard as %+v", tap.place, events)
		}
	}
	if err := w.official.DeleteMenu(ctx); err != nil {
		t.Fatal(err)
	}
	if _, open, err := w.official.CurrentMenu(ctx); err != nil || open {
		t.Errorf("afterwards open: %t, %v", open, err)
	}
}

// TestConditionalMenu: followers with a tag see a menu of their own.
func TestConditionalMenu(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, person := range []string{"zhang", "lone"} {
		if err := w.sim.Follow(person, officialApp); err != nil {
			t.Fatal(err)
		}
	}
	zhang, lone := w.sim.OpenID("zhang", officialApp), w.sim.OpenID("lone", officialApp)
	tag, err := w.official.CreateTag(ctx, "保安")
	if err != nil {
		t.Fatal(err)
	}
	guards := []wechat.Button{{Kind: wechat.ButtonView, Name: "门岗", URL: "https://pass.example.com/h5/guard"}}
	if _, err := w.official.AddConditionalMenu(ctx, tag, guards); wechat.CodeOf(err) != 65303 {
		t.Errorf("without a menu for the others: %v", err)
	}
	all := menu()[:1]
	if err := w.official.SetMenu(ctx, all); err != nil {
		t.Fatal(err)
	}
	id, err := w.official.AddConditionalMenu(ctx, tag, guards)
	if err != nil || id == 0 {
		t.Fatal(id, err)
	}
	want := []wechat.ConditionalMenu{{ID: id, Tag: tag, Buttons: guards}}
	if menus, err := w.official.Menus(ctx); err != nil || !reflect.DeepEqual(menus.Conditional, want) {
		t.Errorf("%+v, %v", menus, err)
	}
	if err := w.official.TagPeople(ctx, tag, []string{zhang}); err != nil {
		t.Fatal(err)
	}
	for person, menu := range map[string][]wechat.Button{zhang: guards, lone: all} {
		if got, err := w.official.MenuOf(ctx, person); err != nil || !reflect.DeepEqual(got, menu) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if b, err := w.sim.Tap("zhang", officialApp, 0); err != nil || b.Name != "门岗" {
		t.Errorf("the phone shows %+v, %v", b, err)
	}
	if err := w.official.DeleteConditionalMenu(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := w.official.DeleteConditionalMenu(ctx, id); wechat.CodeOf(err) != 65301 {
		t.Errorf("removed twice: %v", err)
	}
	if got, err := w.official.MenuOf(ctx, zhang); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("afterwards: %+v, %v", got, err)
	}
}

// TestMenuLimits: what the platform would refuse is not sent.
func TestMenuLimits(t *testing.T) {
	w := newWorld(t)
	click := wechat.Button{Kind: wechat.ButtonClick, Name: "一二三四", Key: "k"}
	with := func(change func(*wechat.Button)) []wechat.Button {
		b := click
		change(&b)
		return []wechat.Button{b}
	}
	group := func(sub ...wechat.Button) []wechat.Button { return []wechat.Button{{Name: "更多", Sub: sub}} }
	for name, buttons := range map[string][]wechat.Button{
		"none": nil, "four": {click, click, click, click}, "an empty group": group(), "six below": group(click,
			click, click, click, click, click),
		"five characters": with(func(b *wechat.Button) { b.Name = "一二三四五" }), "no name": with(func(b *wechat.Button) { b.Name = "" }),
		"nine letters": with(func(b *wechat.Button) { b.Name = "abcdefghi" }), "no key": with(func(b *wechat.Button) { b.Key = "" }),
		"a long key":     with(func(b *wechat.Button) { b.Key = strings.Repeat("k", 129) }),
		"another kind":   with(func(b *wechat.Button) { b.Kind = "pic_weixin" }),
		"no address":     with(func(b *wechat.Button) { b.Kind = wechat.ButtonView }),
		"another scheme": with(func(b *wechat.Button) { b.Kind, b.URL = wechat.ButtonView, "javascript:alert(1)" }),
		"a path":         with(func(b *wechat.Button) { b.Kind, b.URL = wechat.ButtonView, "/h5/pass" }),
		"a long address": with(func(b *wechat.Button) {
			b.Kind, b.URL = wechat.ButtonView,
				"https://a.cn/"+strings.Repeat("a", 1020)
		}),
		"no page": with(func(b *wechat.Button) {
			b.Kind, b.URL, b.Mini.AppID = wechat.ButtonMini,
				"https://a.cn/", miniApp
		}),
		"buttons below a click": with(func(b *wechat.Button) { b.Sub = []wechat.Button{click} }),
		"a group in a group":    group(wechat.Button{Name: "x", Sub: []wechat.Button{click}}),
		"nine characters below": group(wechat.Button{Kind: wechat.ButtonClick, Name: "一二三四五六七八九", Key: "k"}),
	} {
		if err := w.official.SetMenu(t.Context(), buttons); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.calls("/cgi-bin/menu/create"); n != 0 {
		t.Errorf("%d were sent", n)
	}
	eight := wechat.Button{Kind: wechat.ButtonClick, Name: "一二三四五六七八", Key: "k"}
	if err := w.official.SetMenu(t.Context(), append(group(eight, eight, eight, eight, eight), click, click)); err != nil {
		t.Errorf("the most that is possible: %v", err)
	}
	unlinked := []wechat.Button{{Kind: wechat.ButtonMini, Name: "x", URL: "https://a.cn/",
		Mini: wechat.MiniPage{AppID: "wx9999999999999999", Path: "p"}}}
	if err := w.official.SetMenu(t.Context(), unlinked); wechat.CodeOf(err) != 65318 {
		t.Errorf("a mini-program that is not linked: %v", err)
	}
}
