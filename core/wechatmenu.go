package core

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// WechatMenu is a menu of an official account 自定义菜单: the one of all followers, or one of those with a tag.
// WeChat has the one that followers see; the draft is ours, and so are the texts that answer its buttons.
type WechatMenu struct {
	ID ID
	MenuFor
	Draft     []MenuButton
	Live      []MenuButton // as it was published from here; nil = it was not
	Published time.Time
	Updated   time.Time // of the draft; see Stale
}

// MenuFor is for whom a menu is: the followers of an account with a tag, by WeChat's id; tag 0 = all. WeChat shows
// somebody with several tags the menu that was published last.
type MenuFor struct {
	AppID string
	Tag   int
}

// key begins what WeChat sends when a button is pressed.
func (f MenuFor) key() string {
	if f.Tag == 0 {
		return menuKey
	}
	return menuKey + "t" + strconv.Itoa(f.Tag) + "_"
}

const menuKey = "tx_menu_"

// MenuForKey returns whose menu has the button that was pressed, by the key that WeChat sends.
func MenuForKey(appID, key string) MenuFor {
	f := MenuFor{AppID: appID}
	if rest, tagged := strings.CutPrefix(key, menuKey+"t"); tagged {
		tag, _, _ := strings.Cut(rest, "_")
		f.Tag, _ = strconv.Atoi(tag) // a key that is not ours is no button's
	}
	return f
}

// Changed reports whether the draft is not what was published.
func (m WechatMenu) Changed() bool {
	return m.Published.IsZero() || !slices.EqualFunc(m.Draft, m.Live, MenuButton.Equal)
}

// WechatMenuVersion is a menu that followers saw until another was published.
type WechatMenuVersion struct {
	ID      ID
	Buttons []MenuButton
	At      time.Time // it was replaced
	By      string    // who published the other
}

// MenuWithAnswers returns the menu that WeChat says followers see, with the texts that answer if it is the one that was
// published from here: WeChat does not know those.
func MenuWithAnswers(shown, live []MenuButton) []MenuButton {
	if sameOnPhones(shown, live) {
		return live
	}
	return shown
}

// Replaced returns the menu that publishing the draft replaces; shown is what WeChat says followers see, nil = unknown.
// If they see the draft, a publication that was not recorded has sent it: it replaced what is Live.
func (m WechatMenu) Replaced(shown []MenuButton) []MenuButton {
	if len(shown) == 0 || sameOnPhones(shown, m.Draft) {
		return m.Live
	}
	return MenuWithAnswers(shown, m.Live)
}

// sameOnPhones reports whether a menu that WeChat shows looks and acts as one of ours, whatever that answers. WeChat
// does not say of the menu of all which mini-program a button opens.
func sameOnPhones(shown, own []MenuButton) bool {
	return slices.EqualFunc(shown, own, func(x, y MenuButton) bool {
		sub := sameOnPhones(x.Sub, y.Sub)
		if x.Mini == "" {
			y.Mini, y.Path = "", x.Path
		}
		x.Reply, y.Reply, x.Sub, y.Sub = "", "", nil, nil
		return sub && x.Equal(y)
	})
}

// MenuNames returns the names of a menu's buttons in one line: 通行证、服务（电话、报修）.
func MenuNames(buttons []MenuButton) string {
	var names []string
	for _, b := range buttons {
		name := b.Name
		if len(b.Sub) > 0 {
			name += "（" + MenuNames(b.Sub) + "）"
		}
		names = append(names, name)
	}
	return strings.Join(names, "、")
}

// MenuButton is a button of a menu.
type MenuButton struct {
	Kind  MenuButtonKind `json:"kind"`
	Name  string         `json:"name"`
	URL   string         `json:"url,omitempty"`   // of view; of miniprogram for clients that are too old
	Reply string         `json:"reply,omitempty"` // of click
	Mini  string         `json:"mini,omitempty"`  // of miniprogram: its app id
	Path  string         `json:"path,omitempty"`  // of miniprogram: its page
	Sub   []MenuButton   `json:"sub,omitempty"`   // of a group
}

// Equal reports whether two buttons are the same, with those below them.
func (b MenuButton) Equal(o MenuButton) bool {
	return b.Kind == o.Kind && b.Name == o.Name && b.URL == o.URL && b.Reply == o.Reply && b.Mini == o.Mini && b.Path == o.Path &&
		slices.EqualFunc(b.Sub, o.Sub, MenuButton.Equal)
}

// MenuButtonKind is what a button does.
type MenuButtonKind string

// The kinds, as WeChat calls them; a group is ours.
const (
	ButtonGroup MenuButtonKind = "group"
	ButtonView  MenuButtonKind = "view"
	ButtonReply MenuButtonKind = "click"
	ButtonMini  MenuButtonKind = "miniprogram"
)

// MenuButtonKinds are all kinds, in display order.
var MenuButtonKinds = []MenuButtonKind{ButtonView, ButtonReply, ButtonMini, ButtonGroup}

// Label returns the kind in Chinese.
func (k MenuButtonKind) Label() string {
	switch k {
	case ButtonGroup:
		return "展开子菜单"
	case ButtonView:
		return "打开网页"
	case ButtonReply:
		return "回复文字"
	case ButtonMini:
		return "打开小程序"
	}
	return string(k)
}

// Limits of a menu, which are WeChat's.
const (
	MaxMenuTop      = 3
	MaxMenuSub      = 5
	MaxReplyText    = 600  // characters of a text that answers
	maxReplyBytes   = 2048 // of it, which WeChat takes: an emoji has four or more
	maxMenuTopWidth = 8    // of a name: four Chinese characters
	maxMenuSubWidth = 16
	maxMenuURL      = 1024
	maxMenuPath     = 256
)

// MenuPlace is where a button is: the number at the top, and below it; Sub -1 = at the top. The zero value is the
// first button at the top's first below it.
type MenuPlace struct{ Top, Sub int }

// ParseMenuPlace reads a place as String writes it.
func ParseMenuPlace(text string) (p MenuPlace, err error) {
	top, sub, below := strings.Cut(text, ".")
	p.Sub = -1
	if p.Top, err = strconv.Atoi(top); err == nil && below {
		p.Sub, err = strconv.Atoi(sub)
	}
	if err != nil || p.Top < 0 || p.Top >= MaxMenuTop || below && (p.Sub < 0 || p.Sub >= MaxMenuSub) {
		return MenuPlace{}, InvalidFields(map[string]string{"at": "没有这个菜单项"})
	}
	return p, nil
}

// String returns the place as URLs have it: 1, or 1.0 below it.
func (p MenuPlace) String() string {
	if p.Sub < 0 {
		return strconv.Itoa(p.Top)
	}
	return fmt.Sprintf("%d.%d", p.Top, p.Sub)
}

// Key is what WeChat sends when the button at a place is pressed, which answers with a text. The key names the text: phones
// have a menu for some minutes after another was published, whose buttons may be elsewhere.
func (f MenuFor) Key(p MenuPlace, reply string) string {
	return f.key() + p.String() + "_" + replyDigest(reply)
}

// replyDigest tells the answers of a menu apart.
func replyDigest(reply string) string {
	sum := sha256.Sum256([]byte(reply))
	return hex.EncodeToString(sum[:6])
}

// Reply returns the text that answers a press of a published button, by the key that WeChat sends; "" = none.
func (m WechatMenu) Reply(key string) string {
	digest := key[strings.LastIndex(key, "_")+1:]
	if MenuForKey(m.AppID, key) != m.MenuFor {
		return ""
	}
	for _, b := range m.Live {
		for _, b := range append([]MenuButton{b}, b.Sub...) {
			if b.Kind == ButtonReply && replyDigest(b.Reply) == digest {
				return b.Reply
			}
		}
	}
	return ""
}

// MenuButtonAt returns the button at a place; ok is false if there is none, as for one to be added.
func MenuButtonAt(buttons []MenuButton, p MenuPlace) (b MenuButton, ok bool) {
	if p.Top >= len(buttons) {
		return b, false
	}
	if p.Sub < 0 {
		return buttons[p.Top], true
	}
	if p.Sub >= len(buttons[p.Top].Sub) {
		return b, false
	}
	return buttons[p.Top].Sub[p.Sub], true
}

// errNoMenuPlace is also the answer for one whose neighbours went meanwhile.
var errNoMenuPlace = Conflict("菜单已被他人修改，请重新打开")

// PutMenuButton returns a menu with a button at a place: in the place of the one there, or added at the end.
func PutMenuButton(buttons []MenuButton, p MenuPlace, b MenuButton) ([]MenuButton, error) {
	out := slices.Clone(buttons)
	list, max := &out, MaxMenuTop
	at := p.Top
	if p.Sub >= 0 {
		if p.Top >= len(out) || out[p.Top].Kind != ButtonGroup {
			return nil, errNoMenuPlace
		}
		out[p.Top].Sub = slices.Clone(out[p.Top].Sub)
		list, max, at = &out[p.Top].Sub, MaxMenuSub, p.Sub
	}
	switch {
	case at < len(*list):
		if b.Kind == ButtonGroup {
			b.Sub = (*list)[at].Sub
		}
		(*list)[at] = b
	case at == len(*list) && at < max:
		*list = append(*list, b)
	default:
		return nil, errNoMenuPlace
	}
	return out, nil
}

// DropMenuButton returns a menu without the button at a place, and without those below it.
func DropMenuButton(buttons []MenuButton, p MenuPlace) ([]MenuButton, error) {
	if _, ok := MenuButtonAt(buttons, p); !ok {
		return nil, errNoMenuPlace
	}
	out := slices.Clone(buttons)
	if p.Sub < 0 {
		return slices.Delete(out, p.Top, p.Top+1), nil
	}
	out[p.Top].Sub = slices.Delete(slices.Clone(out[p.Top].Sub), p.Sub, p.Sub+1)
	return out, nil
}

// MoveMenuButton returns a menu with the button at a place one place earlier.
func MoveMenuButton(buttons []MenuButton, p MenuPlace) ([]MenuButton, error) {
	if _, ok := MenuButtonAt(buttons, p); !ok || p.Sub == 0 || p.Sub < 0 && p.Top == 0 {
		return nil, errNoMenuPlace
	}
	out := slices.Clone(buttons)
	if p.Sub < 0 {
		out[p.Top-1], out[p.Top] = out[p.Top], out[p.Top-1]
		return out, nil
	}
	sub := slices.Clone(out[p.Top].Sub)
	sub[p.Sub-1], sub[p.Sub] = sub[p.Sub], sub[p.Sub-1]
	out[p.Top].Sub = sub
	return out, nil
}

// menuNameWidth counts a character beyond ASCII as two, as WeChat does.
func menuNameWidth(name string) (n int) {
	for _, r := range name {
		if n++; r > 0x7f {
			n++
		}
	}
	return n
}

// Trimmed returns the button with its text cleaned and without what its kind does not use.
func (b MenuButton) Trimmed() MenuButton {
	out := MenuButton{Kind: b.Kind, Name: Clean(b.Name)}
	switch b.Kind {
	case ButtonGroup:
		out.Sub = b.Sub
	case ButtonView:
		out.URL = strings.TrimSpace(b.URL)
	case ButtonReply:
		out.Reply = cleanLines(b.Reply)
	case ButtonMini:
		out.URL, out.Mini, out.Path = strings.TrimSpace(b.URL), Clean(b.Mini), strings.TrimSpace(b.Path)
	}
	return out
}

// Check returns an Invalid error that names the wrong fields of a Trimmed button, without those below it.
func (b MenuButton) Check(p MenuPlace) error {
	fields := map[string]string{}
	width := maxMenuTopWidth
	if p.Sub >= 0 {
		width = maxMenuSubWidth
	}
	if b.Name == "" || menuNameWidth(b.Name) > width {
		fields["name"] = fmt.Sprintf("请填写名称，最多 %d 个汉字或 %d 个字母", width/2, width)
	}
	switch b.Kind {
	case ButtonGroup:
		if p.Sub >= 0 {
			fields["kind"] = "子菜单不能再展开"
		}
	case ButtonView:
		if wrong := wrongURL(b.URL, "请填写完整网址，以 https:// 或 http:// 开头"); wrong != "" {
			fields["url"] = wrong
		}
	case ButtonReply:
		if wrong := wrongReply(b.Reply); wrong != "" {
			fields["reply"] = wrong
		}
	case ButtonMini:
		if !wechatAppID.MatchString(b.Mini) {
			fields["mini"] = "应为 wx 加 16 位数字和小写字母 a–f"
		}
		if b.Path == "" || len(b.Path) > maxMenuPath {
			fields["path"] = "请填写小程序的页面，如 pages/index/index"
		}
		if wrong := wrongURL(b.URL, "请填写备用网址，旧版微信打开它"); wrong != "" {
			fields["url"] = wrong
		}
	default:
		fields["kind"] = "请选择点了以后做什么"
	}
	return InvalidFields(fields)
}

// wrongURL returns what is wrong with an address, or missing if it is not a web address; "" = nothing.
func wrongURL(text, missing string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return missing
	case len(text) > maxMenuURL:
		return fmt.Sprintf("网址太长，最多 %d 个字符", maxMenuURL)
	}
	return ""
}

// CheckMenu returns what keeps a menu from being published, in words; nil = nothing.
func CheckMenu(buttons []MenuButton) error {
	if len(buttons) == 0 {
		return Conflict("菜单还是空的，请先添加")
	}
	for top, b := range buttons {
		if err := b.Check(MenuPlace{top, -1}); err != nil {
			return menuProblem(b, err)
		}
		if b.Kind == ButtonGroup && len(b.Sub) == 0 {
			return Conflict("“" + b.Name + "”下面还没有子菜单")
		}
		for sub, below := range b.Sub {
			if err := below.Check(MenuPlace{top, sub}); err != nil {
				return menuProblem(below, err)
			}
		}
	}
	return nil
}

func menuProblem(b MenuButton, err error) error {
	var e *Error
	if errors.As(err, &e) {
		for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
			return Conflict("“" + b.Name + "”有误：" + e.Fields[field])
		}
	}
	return err
}

// wrongReply returns what is wrong with a text that answers; "" = nothing.
func wrongReply(text string) string {
	switch {
	case text == "" || utf8.RuneCountInString(text) > MaxReplyText:
		return fmt.Sprintf("请填写回复的文字，最多 %d 个字", MaxReplyText)
	case len(text) > maxReplyBytes:
		return "表情太多，请减少一些：微信最多接受 2048 字节"
	}
	return ""
}

// MenuHasMini reports whether a menu opens a mini-program, which WeChat takes only of one that is linked.
func MenuHasMini(buttons []MenuButton) bool {
	return slices.ContainsFunc(buttons, func(b MenuButton) bool { return b.Kind == ButtonMini || MenuHasMini(b.Sub) })
}

// DefaultMenu is proposed to an account without a menu: residents' pages first, those of who works here below 更多.
func DefaultMenu(publicURL string, of WechatApp) []MenuButton {
	view := func(name, path string) MenuButton {
		return MenuButton{Kind: ButtonView, Name: name, URL: publicURL + of.PageVia(path)}
	}
	return []MenuButton{
		view("通行证", "/h5/pass"), view("访客", "/h5/visitorpass"),
		{Kind: ButtonGroup, Name: "更多", Sub: []MenuButton{
			view("门岗", "/h5/guard"), view("观察员", "/h5/observer"), view("手机端审核", "/h5/review"),
		}},
	}
}

// ViaParam is the parameter of a phone page's address that names the official account whose follower opens it, by WeChat's id
// of the account.
const ViaParam = "via"

// PageVia returns the path of a phone page as an official account leads to it: one of some communities alone names itself, so
// that WeChat identifies its followers by it and not by the account of all.
func (a WechatApp) PageVia(path string) string {
	if a.Scope.Whole() || !strings.HasPrefix(strings.TrimPrefix(path, "/"), "h5/") {
		return path
	}
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + ViaParam + "=" + a.AppID
}

// MenuWords returns a menu as lines of text, for the audit log.
func MenuWords(buttons []MenuButton) (lines []string) {
	for _, b := range buttons {
		lines = append(lines, b.Name+"="+b.Kind.Label())
		for _, sub := range b.Sub {
			lines = append(lines, b.Name+"/"+sub.Name+"="+sub.Kind.Label())
		}
	}
	return lines
}

// wechatMenuFields label what the audit log records of a menu.
var wechatMenuFields = []AuditField{
	{Key: "app_id", Label: "AppID"},
	{Key: "tag", Label: "标签"},
	{Key: "buttons", Label: "菜单", List: true},
}
