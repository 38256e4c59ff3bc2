package simulator

import (
	"net/url"
	"slices"
)

// menuCreate is POST /cgi-bin/menu/create.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu.html
func menuCreate(q *request) (any, int) {
	var in struct {
		Button []Button `json:"button"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if len(in.Button) < 1 || len(in.Button) > 3 {
		return nil, 40016
	}
	for _, b := range in.Button {
		if code := b.check(true); code != 0 {
			return nil, code
		}
	}
	q.app.Menu = in.Button
	return ok(nil), 0
}

// check applies the rules for a button: names of 4 Chinese characters at the top, 8 below; at most
// five below.
func (b Button) check(top bool) int {
	limit := 16
	if top {
		limit = 8
	}
	if b.Name == "" || width(b.Name) > limit {
		return 40018
	}
	if top && len(b.SubButtons) > 0 {
		if len(b.SubButtons) > 5 {
			return 40016
		}
		for _, sub := range b.SubButtons {
			if code := sub.check(false); code != 0 {
				return code
			}
		}
		return 0
	}
	return b.checkAction()
}

func (b Button) checkAction() int {
	switch {
	case !slices.Contains([]string{"view", "click", "miniprogram", "scancode_push", "scancode_waitmsg"}, b.Type):
		return 40017
	case b.Type == "click" && (b.Key == "" || len(b.Key) > 128):
		return 40019
	case b.Type == "view" || b.Type == "miniprogram":
		u, err := url.Parse(b.URL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || len(b.URL) > 1024 {
			return 40055
		}
	}
	return 0
}

// width counts a Chinese character as two.
func width(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0x7f {
			n++
		}
	}
	return n
}

// menuGet is GET /cgi-bin/menu/get.
func menuGet(q *request) (any, int) {
	if len(q.app.Menu) == 0 {
		return nil, 46003
	}
	return map[string]any{"menu": map[string]any{"button": q.app.Menu}}, 0
}

// menuDelete is GET /cgi-bin/menu/delete.
func menuDelete(q *request) (any, int) {
	q.app.Menu = nil
	return ok(nil), 0
}
