package wechat

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/silenceper/wechat/v2/officialaccount/menu"
)

// isWebURL reports whether a text is an address of http or https.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// Limits of a menu.
const (
	maxButtons   = 3    // at the top
	maxSub       = 5    // below one
	topWidth     = 8    // of a name at the top: four Chinese characters, or eight others
	subWidth     = 16   // of a name below
	maxKey       = 128  // bytes
	maxButtonURL = 1024 // bytes
)

// ButtonKind is what a menu button does.
type ButtonKind string

// The kinds of buttons. ButtonGroup opens the buttons below it.
const (
	ButtonGroup ButtonKind = ""
	ButtonClick ButtonKind = "click"
	ButtonView  ButtonKind = "view"
	ButtonMini  ButtonKind = "miniprogram"
)

// Button is a button of the account's menu.
type Button struct {
	Kind ButtonKind
	Name string   // at the top four Chinese characters or eight others, below twice that
	Key  string   // of click: what the event CLICK carries
	URL  string   // of view; of miniprogram: for clients that are too old
	Mini MiniPage // of miniprogram
	Sub  []Button // of a group: 1 to 5
}

// CheckMenu returns an error that wraps ErrInvalid unless the platform takes the menu: 1 to 3 buttons, 1
// to 5 below a group, names, keys and addresses not too long.
func CheckMenu(buttons []Button) error {
	if len(buttons) < 1 || len(buttons) > maxButtons {
		return invalid(menuAPI, "a menu has 1 to 3 buttons")
	}
	for _, b := range buttons {
		if err := b.check(topWidth); err != nil {
			return err
		}
		if b.Kind != ButtonGroup {
			continue
		}
		if len(b.Sub) < 1 || len(b.Sub) > maxSub {
			return invalid(menuAPI, "a group has 1 to 5 buttons")
		}
		for _, sub := range b.Sub {
			if sub.Kind == ButtonGroup {
				return invalid(menuAPI, "a group is at the top")
			}
			if err := sub.check(subWidth); err != nil {
				return err
			}
		}
	}
	return nil
}

const menuAPI = "/cgi-bin/menu/create"

// check checks a button by itself.
func (b Button) check(width int) error {
	switch {
	case b.Name == "" || nameWidth(b.Name) > width:
		return invalid(menuAPI, "the name of a button has 1 to "+strconv.Itoa(width/2)+" Chinese characters")
	case b.Kind != ButtonGroup && len(b.Sub) > 0:
		return invalid(menuAPI, "only a group has buttons below it")
	}
	switch b.Kind {
	case ButtonGroup:
		return nil
	case ButtonClick:
		if b.Key == "" || len(b.Key) > maxKey {
			return invalid(menuAPI, "a key has 1 to 128 bytes")
		}
		return nil
	case ButtonMini:
		if b.Mini.AppID == "" || b.Mini.Path == "" {
			return invalid(menuAPI, "the mini-program or its page is not said")
		}
	case ButtonView:
	default:
		return invalid(menuAPI, "no such kind of button")
	}
	if !isWebURL(b.URL) || len(b.URL) > maxButtonURL {
		return invalid(menuAPI, "the address of a button is not one of the web, or too long")
	}
	return nil
}

// nameWidth counts a character beyond ASCII as two.
func nameWidth(name string) int {
	n := 0
	for _, r := range name {
		n++
		if r > 0x7f {
			n++
		}
	}
	return n
}

// sdkButtons returns buttons as the SDK takes them.
func sdkButtons(buttons []Button) []*menu.Button {
	out := make([]*menu.Button, 0, len(buttons))
	for _, b := range buttons {
		switch b.Kind {
		case ButtonGroup:
			out = append(out, menu.NewSubButton(b.Name, sdkButtons(b.Sub)))
		case ButtonClick:
			out = append(out, menu.NewClickButton(b.Name, b.Key))
		case ButtonView:
			out = append(out, menu.NewViewButton(b.Name, b.URL))
		case ButtonMini:
			out = append(out, menu.NewMiniprogramButton(b.Name, b.URL, b.Mini.AppID, b.Mini.Path))
		}
	}
	return out
}

// ourButtons is the reverse of sdkButtons. Kinds that we do not make are kept by their names.
func ourButtons(buttons []menu.Button) []Button {
	var out []Button
	for _, b := range buttons {
		own := Button{
			Kind: ButtonKind(b.Type), Name: b.Name, Key: b.Key, URL: b.URL, Mini: MiniPage{AppID: b.AppID, Path: b.PagePath},
		}
		for _, sub := range b.SubButtons {
			if sub != nil {
				own.Sub = append(own.Sub, ourButtons([]menu.Button{*sub})...)
			}
		}
		out = append(out, own)
	}
	return out
}

// SetMenu replaces the account's menu. Phones show it within five minutes of opening the chat. A
// menu that CheckMenu refuses is not sent. Codes: 40016, 40018, 40054, 40055 a limit; 65318 a
// mini-program that is not linked.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu.html
func (a *OfficialAccount) SetMenu(ctx context.Context, buttons []Button) error {
	if err := CheckMenu(buttons); err != nil {
		return err
	}
	return a.app.do(ctx, func(t *trip) error { return menu.NewMenu(a.sdk(t)).SetMenu(sdkButtons(buttons)) })
}

// DeleteMenu removes the account's menu and its conditional menus.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Deleting_Custom-Defined_Menu.html
func (a *OfficialAccount) DeleteMenu(ctx context.Context) error {
	return a.app.do(ctx, func(t *trip) error { return menu.NewMenu(a.sdk(t)).DeleteMenu() })
}

// Menus are the account's menu and those for followers with a tag.
type Menus struct {
	Buttons     []Button // none = there is no menu
	Conditional []ConditionalMenu
}

// ConditionalMenu is a menu for the followers with a tag.
type ConditionalMenu struct {
	ID      int64
	Tag     int
	Buttons []Button
}

// codeNoMenu is the answer if there is no menu.
const codeNoMenu = 46003

// Menus returns the menus that were set through the API; none is not an error.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Querying_Custom_Menus.html
func (a *OfficialAccount) Menus(ctx context.Context) (Menus, error) {
	var answer menu.ResMenu
	// The SDK leaves out what the platform renamed.
	var rules struct {
		Conditional []struct {
			Rule struct {
				Tag   loose `json:"tag_id"`
				Group loose `json:"group_id"`
			} `json:"matchrule"`
		} `json:"conditionalmenu"`
	}
	err := a.app.do(ctx, func(t *trip) (err error) {
		if answer, err = menu.NewMenu(a.sdk(t)).GetMenu(); err != nil {
			return err
		}
		return json.Unmarshal(t.answer(), &rules)
	})
	if CodeOf(err) == codeNoMenu {
		return Menus{}, nil
	}
	if err != nil {
		return Menus{}, err
	}
	menus := Menus{Buttons: ourButtons(answer.Menu.Button)}
	for i, c := range answer.Conditionalmenu {
		own := ConditionalMenu{ID: c.MenuID, Buttons: ourButtons(c.Button)}
		if i < len(rules.Conditional) {
			rule := rules.Conditional[i].Rule
			if own.Tag = rule.Tag.number(); rule.Tag == "" {
				own.Tag = rule.Group.number()
			}
		}
		menus.Conditional = append(menus.Conditional, own)
	}
	return menus, nil
}

// CurrentMenu returns the menu in force, also one that was made on the platform's own site, and
// whether the menu is switched on. Buttons of other kinds than ours keep the name of their kind.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Getting_Custom_Menu_Configurations.html
func (a *OfficialAccount) CurrentMenu(ctx context.Context) (buttons []Button, open bool, err error) {
	var answer menu.ResSelfMenuInfo
	err = a.app.do(ctx, func(t *trip) (err error) {
		answer, err = menu.NewMenu(a.sdk(t)).GetCurrentSelfMenuInfo()
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return selfButtons(answer.SelfMenuInfo.Button), answer.IsMenuOpen == 1, nil
}

func selfButtons(buttons []menu.SelfMenuButton) []Button {
	var out []Button
	for _, b := range buttons {
		out = append(out, Button{Kind: ButtonKind(b.Type), Name: b.Name, Key: b.Key, URL: b.URL,
			Sub: selfButtons(b.SubButton.List)})
	}
	return out
}

// AddConditionalMenu adds a menu for the followers with a tag and returns its id. The account needs
// a menu for the others. Codes as for SetMenu; 65303 there is no menu for the others.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Personalized_menu_interface.html
func (a *OfficialAccount) AddConditionalMenu(ctx context.Context, tag int, buttons []Button) (int64, error) {
	const api = "/cgi-bin/menu/addconditional"
	if err := CheckMenu(buttons); err != nil {
		return 0, err
	}
	// The SDK's rule has no tag, and its buttons of an empty menu are left out.
	request, err := json.Marshal(map[string]any{
		"button": sdkButtons(buttons), "matchrule": map[string]string{"tag_id": strconv.Itoa(tag)},
	})
	if err != nil {
		return 0, err
	}
	var answer struct {
		ID loose `json:"menuid"`
	}
	err = a.app.do(ctx, func(t *trip) error {
		if err := menu.NewMenu(a.sdk(t)).AddConditionalByJSON(string(request)); err != nil {
			return err
		}
		return json.Unmarshal(t.answer(), &answer)
	})
	if err != nil {
		return 0, err
	}
	if _, err := needed(api, string(answer.ID), nil); err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(answer.ID), 10, 64)
}

// DeleteConditionalMenu removes a conditional menu. Code 65301: it is not there.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Personalized_menu_interface.html
func (a *OfficialAccount) DeleteConditionalMenu(ctx context.Context, id int64) error {
	return a.app.do(ctx, func(t *trip) error { return menu.NewMenu(a.sdk(t)).DeleteConditional(id) })
}

// MenuOf returns the menu that a person sees, by open id or WeChat name.
// https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Personalized_menu_interface.html
func (a *OfficialAccount) MenuOf(ctx context.Context, user string) ([]Button, error) {
	var buttons []menu.Button
	err := a.app.do(ctx, func(t *trip) (err error) {
		buttons, err = menu.NewMenu(a.sdk(t)).MenuTryMatch(user)
		return err
	})
	return ourButtons(buttons), err
}
