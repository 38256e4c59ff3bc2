package core

import (
	"slices"
	"strings"
	"testing"
)

func aMenu() []MenuButton {
	return []MenuButton{
		{Kind: ButtonView, Name: "通行证", URL: "https://pass.example.com/h5/pass"},
		{Kind: ButtonGroup, Name: "服务", Sub: []MenuButton{
			{Kind: ButtonReply, Name: "物业电话", Reply: "0755-1"},
			{Kind: ButtonMini, Name: "小程序", Mini: "wx00000000000000a9", Path: "pages/index", URL: "https://pass.example.com/"},
		}},
	}
}

func TestMenuIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]MenuButton) []MenuButton
		want   string // in what is said; "" = right
	}{
		"right":             {func(m []MenuButton) []MenuButton { return m }, ""},
		"nothing":           {func([]MenuButton) []MenuButton { return nil }, "还是空的"},
		"a long name":       {func(m []MenuButton) []MenuButton { m[0].Name = "我的通行证"; return m }, "最多 4 个汉字"},
		"eight letters":     {func(m []MenuButton) []MenuButton { m[0].Name = "MyPasses"; return m }, ""},
		"no address":        {func(m []MenuButton) []MenuButton { m[0].URL = "javascript:alert(1)"; return m }, "完整网址"},
		"a long address":    {func(m []MenuButton) []MenuButton { m[0].URL += strings.Repeat("a", 1024); return m }, "最多 1024 个字符"},
		"a long one of old": {func(m []MenuButton) []MenuButton { m[1].Sub[1].URL += strings.Repeat("a", 1024); return m }, "最多 1024 个字符"},
		"an empty group":    {func(m []MenuButton) []MenuButton { m[1].Sub = nil; return m }, "还没有子菜单"},
		"a group in one":    {func(m []MenuButton) []MenuButton { m[1].Sub[0].Kind = ButtonGroup; return m }, "不能再展开"},
		"no reply":          {func(m []MenuButton) []MenuButton { m[1].Sub[0].Reply = ""; return m }, "回复的文字"},
		"a very long reply": {func(m []MenuButton) []MenuButton { m[1].Sub[0].Reply = strings.Repeat("长", 601); return m }, "最多 600 个字"},
		"many emoji":        {func(m []MenuButton) []MenuButton { m[1].Sub[0].Reply = strings.Repeat("😀", 513); return m }, "表情太多"},
		"no page":           {func(m []MenuButton) []MenuButton { m[1].Sub[1].Path = ""; return m }, "小程序的页面"},
		"no kind":           {func(m []MenuButton) []MenuButton { m[0].Kind = "scancode_push"; return m }, "做什么"},
	} {
		err := CheckMenu(c.change(aMenu()))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	proposed := DefaultMenu("https://pass.example.com", WechatApp{Scope: Everywhere})
	if err := CheckMenu(proposed); err != nil {
		t.Errorf("what is proposed is refused: %v", err)
	}
	if len(proposed) != 3 || proposed[1].Name != "访客" || len(proposed[2].Sub) != 3 || proposed[2].Sub[0].Name != "门岗" {
		t.Errorf("proposed are %s", MenuWords(proposed))
	}
}

func TestMenuIsChanged(t *testing.T) {
	menu := aMenu()
	place := func(text string) MenuPlace {
		p, err := ParseMenuPlace(text)
		if err != nil || p.String() != text {
			t.Fatalf("%s: %v, %v", text, p, err)
		}
		return p
	}
	for _, bad := range []string{"", "3", "-1", "0.5", "0.-1", "x", "1.x", "0.0.0"} {
		if _, err := ParseMenuPlace(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	added, err := PutMenuButton(menu, place("1.2"), MenuButton{Kind: ButtonReply, Name: "保修", Reply: "请说"})
	if err != nil || len(added[1].Sub) != 3 || len(menu[1].Sub) != 2 {
		t.Fatalf("%v, %v", added, err)
	}
	for _, of := range []MenuFor{{AppID: "wx1"}, {AppID: "wx1", Tag: 100}} {
		now, before := WechatMenu{MenuFor: of, Live: added}, WechatMenu{MenuFor: of, Live: menu}
		key := of.Key(place("1.2"), "请说")
		if now.Reply(key) != "请说" || before.Reply(key) != "" {
			t.Error("the answer is not that of the place")
		}
		moved, err := MoveMenuButton(added, place("1.2"))
		if err != nil || (WechatMenu{MenuFor: of, Live: moved}).Reply(key) != "请说" {
			t.Errorf("elsewhere in a new menu it answers something else: %v", err)
		}
		if MenuForKey("wx1", key) != of {
			t.Errorf("%s is of %+v", key, MenuForKey("wx1", key))
		}
		if other := (WechatMenu{MenuFor: MenuFor{"wx1", 101}, Live: added}); other.Reply(key) != "" {
			t.Error("the menu of another tag answers")
		}
	}
	if f := MenuForKey("wx1", "tx_menu_tx"); f.Tag != 0 {
		t.Errorf("a key of somebody else's is of %+v", f)
	}
	renamed, err := PutMenuButton(menu, place("1"), MenuButton{Kind: ButtonGroup, Name: "更多"})
	if err != nil || renamed[1].Name != "更多" || len(renamed[1].Sub) != 2 {
		t.Errorf("a group that is renamed loses its buttons: %v, %v", renamed, err)
	}
	moved, err := MoveMenuButton(menu, place("1.1"))
	if err != nil || moved[1].Sub[0].Name != "小程序" || menu[1].Sub[0].Name != "物业电话" {
		t.Errorf("%v, %v", moved, err)
	}
	dropped, err := DropMenuButton(menu, place("0"))
	if err != nil || len(dropped) != 1 || len(menu) != 2 {
		t.Errorf("%v, %v", dropped, err)
	}
	for name, try := range map[string]func() ([]MenuButton, error){
		"below none":       func() ([]MenuButton, error) { return PutMenuButton(menu, place("2.0"), MenuButton{}) },
		"below no group":   func() ([]MenuButton, error) { return PutMenuButton(menu, place("0.0"), MenuButton{}) },
		"a gap":            func() ([]MenuButton, error) { return PutMenuButton(menu, place("1.4"), MenuButton{}) },
		"the first moved":  func() ([]MenuButton, error) { return MoveMenuButton(menu, place("0")) },
		"dropping nothing": func() ([]MenuButton, error) { return DropMenuButton(menu, place("2")) },
	} {
		if got, err := try(); !IsConflict(err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestReplies(t *testing.T) {
	replies := []WechatReply{
		{Kind: ReplyContains, Word: "电话", Text: "a"}, {Kind: ReplyContains, Word: "物业电话", Text: "b"},
		{Kind: ReplyExact, Word: "wifi", Text: "c"}, {Kind: ReplyFollow, Text: "f"},
	}
	for message, want := range map[string]string{
		"电话": "a", "请问物业电话是多少": "b", " WiFi ": "c", "ＷＩＦＩ": "c", "wifi 密码": "", "开门": "", "": "",
	} {
		if got := ReplyTo(replies, message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	if got := ReplyTo(append(replies, WechatReply{Kind: ReplyOther, Text: "o"}), "开门"); got != "o" {
		t.Errorf("any other message: %q", got)
	}
	if ReplyToFollow(replies) != "f" || ReplyToFollow(nil) != "" {
		t.Error("a follow gets another answer")
	}
	for name, r := range map[string]WechatReply{
		"word": {Kind: ReplyExact, Text: "x"}, "text": {Kind: ReplyFollow}, "kind": {Kind: "x", Text: "x"},
	} {
		if err := r.Trimmed().Check(); !strings.Contains(fieldsOf(err), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r := (WechatReply{Kind: ReplyFollow, Word: "x", Text: " 欢迎\x02 \r\n\n回来 \n"}).Trimmed(); r.Word != "" || r.Text != " 欢迎\n\n回来" {
		t.Errorf("trimmed to %q", r.Text)
	}
}

// What WeChat shows is without the texts that answer; the menu of all is without the mini-programs, too.
func TestMenuReplaced(t *testing.T) {
	asShown := func() []MenuButton {
		shown := aMenu()
		shown[1].Sub[0].Reply, shown[1].Sub[1].Mini, shown[1].Sub[1].Path = "", "", ""
		return shown
	}
	renamed := func(buttons []MenuButton, name string) []MenuButton {
		buttons[0].Name = name
		return buttons
	}
	other := asShown()
	other[1].Sub[1].URL = "https://other.example.com/"
	old, draft := aMenu(), renamed(aMenu(), "出门码")
	for name, c := range map[string]struct{ live, shown, want []MenuButton }{
		"published from here":                {old, asShown(), old},
		"unread":                             {old, nil, old},
		"made in 公众平台":                       {old, other, other},
		"the first from here":                {nil, other, other},
		"sent, and killed before the record": {old, renamed(asShown(), "出门码"), old},
	} {
		got := WechatMenu{Draft: draft, Live: c.live}.Replaced(c.shown)
		if !slices.EqualFunc(got, c.want, MenuButton.Equal) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if back := MenuWithAnswers(asShown(), old); !slices.EqualFunc(back, old, MenuButton.Equal) {
		t.Errorf("read back: %+v", back)
	}
}
