package simulator

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
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
	if code := q.checkMenu(in.Button); code != 0 {
		return nil, code
	}
	q.app.Menu = in.Button
	return ok(nil), 0
}

func (q *request) checkMenu(buttons []Button) int {
	if len(buttons) < 1 || len(buttons) > 3 {
		return 40016
	}
	for _, b := range buttons {
		if code := b.check(true); code != 0 {
			return code
		}
		for _, leaf := range append([]Button{b}, b.SubButtons...) {
			if mini := q.sim.apps[leaf.AppID]; leaf.Type == "miniprogram" && (mini == nil || mini.Type != MiniProgram) {
				return 65318
			}
		}
	}
	return 0
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

// conditionalMenu is a menu for the followers with a tag.
type conditionalMenu struct {
	id      int64
	tag     int
	buttons []Button
}

// menuGet is GET /cgi-bin/menu/get. It has no errcode. The tag comes back under its old name.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Querying_Custom_Menus.html
func menuGet(q *request) (any, int) {
	if len(q.app.Menu) == 0 {
		return nil, 46003
	}
	out := map[string]any{"menu": map[string]any{"button": q.app.Menu, "menuid": 400000000}}
	var conditional []any
	for _, m := range q.sim.conditional[q.app.AppID] {
		conditional = append(conditional, map[string]any{"button": m.buttons, "menuid": m.id,
			"matchrule": map[string]any{"group_id": strconv.Itoa(m.tag)}})
	}
	if conditional != nil {
		out["conditionalmenu"] = conditional
	}
	return out, 0
}

// menuDelete is GET /cgi-bin/menu/delete. It removes the conditional menus, too.
func menuDelete(q *request) (any, int) {
	q.app.Menu = nil
	delete(q.sim.conditional, q.app.AppID)
	return ok(nil), 0
}

// selfMenu is GET /cgi-bin/get_current_selfmenu_info. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Getting_Custom_Menu_Configurations.html
func selfMenu(q *request) (any, int) {
	open := 0
	if len(q.app.Menu) > 0 {
		open = 1
	}
	return map[string]any{"is_menu_open": open, "selfmenu_info": map[string]any{"button": selfButtons(q.app.Menu)}}, 0
}

func selfButtons(buttons []Button) []any {
	out := []any{}
	for _, b := range buttons {
		one := map[string]any{"name": b.Name}
		if b.SubButtons != nil {
			one["sub_button"] = map[string]any{"list": selfButtons(b.SubButtons)}
		}
		for name, value := range map[string]string{"type": b.Type, "key": b.Key, "url": b.URL} {
			if value != "" {
				one[name] = value
			}
		}
		out = append(out, one)
	}
	return out
}

// menuAddConditional is POST /cgi-bin/menu/addconditional. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Personalized_menu_interface.html
func menuAddConditional(q *request) (any, int) {
	var in struct {
		Button []Button `json:"button"`
		Rule   struct {
			Tag string `json:"tag_id"`
		} `json:"matchrule"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	tag, err := strconv.Atoi(in.Rule.Tag)
	switch {
	case len(q.app.Menu) == 0:
		return nil, 65303
	case err != nil || q.sim.tag(q.app.AppID, tag) == nil:
		return nil, 65304
	}
	if code := q.checkMenu(in.Button); code != 0 {
		return nil, code
	}
	id := q.sim.nextSerial()
	q.sim.conditional[q.app.AppID] = append(q.sim.conditional[q.app.AppID], conditionalMenu{id, tag, in.Button})
	return map[string]any{"menuid": id}, 0
}

// menuDeleteConditional is POST /cgi-bin/menu/delconditional.
func menuDeleteConditional(q *request) (any, int) {
	var in struct {
		ID json.Number `json:"menuid"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	list := q.sim.conditional[q.app.AppID]
	kept := slices.DeleteFunc(slices.Clone(list), func(m conditionalMenu) bool { return strconv.FormatInt(m.id, 10) == in.ID.String() })
	if len(kept) == len(list) {
		return nil, 65301
	}
	q.sim.conditional[q.app.AppID] = kept
	return ok(nil), 0
}

// menuTryMatch is POST /cgi-bin/menu/trymatch. It has no errcode.
func menuTryMatch(q *request) (any, int) {
	var in struct {
		User string `json:"user_id"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	p := q.sim.byOpenID(q.app.AppID, in.User)
	if p == nil {
		return nil, 65309
	}
	return map[string]any{"button": q.sim.menuOf(p.Key, q.app)}, 0
}

// menuOf returns the menu that a person sees: the newest conditional one that matches; the caller holds mu.
func (s *Simulator) menuOf(person string, a *App) []Button {
	for _, m := range slices.Backward(s.conditional[a.AppID]) {
		if t := s.tag(a.AppID, m.tag); t != nil && t.people[person] {
			return m.buttons
		}
	}
	return a.Menu
}
