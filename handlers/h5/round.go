package h5

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

// A round is a redirect to WeChat's authorize page and back, which identifies the user: to sign in
// at a surface, or for one page that requires it. Several may be in progress in one browser, one
// per tab.
type round struct {
	state   string // random, known only to this browser
	surface web.Surface
	next    string
	corp    core.ID // of web.SurfaceStaff: the company on WeWork whose member it is
	phone   bool    // of it: the member is asked for their mobile number, too
	home    bool    // of it: it began at the app's home page in WeWork
	via     string  // of the others: the official account, by WeChat's id; "" = that of all communities
}

// pageSurface is the surface of a round that signs nobody in: its proof is valid for the page it leads
// to, and for nothing else.
const pageSurface web.Surface = "page"

const (
	roundCookie = "oauth-" // a round's cookie ends with the start of its state
	roundLife   = 10 * time.Minute
	maxRounds   = 5 // per browser; more would make requests too long
)

// beginRound redirects the phone to WeChat's authorize page. The state is random and stored only in
// this browser: a link made by somebody else signs nobody in.
func (h *H5) beginRound(c *web.Context, surface web.Surface, next string) error {
	r := round{state: newState(), surface: surface, next: next}
	var err error
	if r.via, err = h.officialOf(c, next); err != nil {
		return err
	}
	address, err := h.wechat.AuthorizeURL(c.Ctx(), r.via, h.publicURL+roundPath, r.state)
	if err != nil {
		return err
	}
	return r.begin(c, address)
}

// newState returns the secret of a new round.
func newState() string { return secret.Hex(16) }

// roundPath is where WeChat and WeWork lead back to.
const roundPath = "/h5/session/callback"

// begin keeps the round in this browser, and leaves for the authorize page.
func (r round) begin(c *web.Context, address string) error {
	dropOldRounds(c)
	c.Browser() // before the redirect, so that a response lost on the way back loses nothing
	c.SetCookie(r.cookie(), r.text(c.Now()), roundLife)
	return c.RedirectAway(address)
}

func (r round) cookie() string { return roundCookie + r.state[:8] }

func (r round) text(begun time.Time) string {
	return fmt.Sprintf("%s.%d.%s.%s.%s.%t.%t.%s", r.state, begun.Unix(), r.surface,
		base64.RawURLEncoding.EncodeToString([]byte(r.next)), r.corp, r.phone, r.home, r.via)
}

// roundOf returns the round of a state; ok is false if this browser began none, or too long ago.
func roundOf(c *web.Context, state string) (r round, ok bool) {
	if len(state) != 32 {
		return r, false
	}
	r.state = state
	parts := strings.Split(c.Cookie(r.cookie()), ".")
	if len(parts) != 8 || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(state)) != 1 {
		return r, false
	}
	next, err := base64.RawURLEncoding.DecodeString(parts[3])
	r.surface, r.phone, r.home, r.via = web.Surface(parts[2]), parts[5] == "true", parts[6] == "true", parts[7]
	if r.surface == web.SurfaceStaff && err == nil {
		r.corp, err = core.ParseID(parts[4])
	}
	r.next = web.LocalPath(string(next), fronts[r.surface])
	return r, err == nil && (r.surface == pageSurface || fronts[r.surface] != "")
}

// dropOldRounds removes the oldest rounds, so that there is room for one more.
func dropOldRounds(c *web.Context) {
	kept := c.CookiesUnder(roundCookie)
	begun := func(name string) int64 {
		parts := strings.SplitN(kept[name], ".", 3)
		if len(parts) != 3 {
			return 0
		}
		seconds, _ := strconv.ParseInt(parts[1], 10, 64) // an unreadable one counts as the oldest
		return seconds
	}
	names := slices.SortedFunc(maps.Keys(kept), func(a, b string) int { return int(begun(a) - begun(b)) })
	for ; len(names) >= maxRounds; names = names[1:] {
		c.SetCookie(names[0], "", 0)
	}
}

// purpose returns the purpose for which the round identifies its user.
func (r round) purpose() string {
	if r.surface == pageSurface {
		return pagePurpose(r.next)
	}
	return "round " + r.state
}

func pagePurpose(path string) string { return "page " + path }

// prove identifies the user of this browser with a code that works once. If the purpose was proved
// before, the code is not used again, so that a URL with a code can be reloaded, gone back to, and
// opened in two tabs.
func (h *H5) prove(c *web.Context, purpose string, identify func() (core.WechatIdentity, error)) (core.ID, error) {
	proof := store.WechatProof{Browser: c.Browser(), Purpose: purpose}
	user, err := h.store.WechatProven(c.Ctx(), proof)
	if err == nil || core.CodeOf(err) != core.CodeUnauthenticated {
		return user, err
	}
	who, err := identify()
	if err != nil {
		return 0, err
	}
	signed, err := h.store.SignInWechat(c.Ctx(), who)
	if err != nil {
		return 0, err
	}
	return signed.ID, h.store.CreateWechatProof(c.Ctx(), proof, signed.ID)
}

// proven returns the user proved for a purpose in this browser; 0 if none.
func (h *H5) proven(c *web.Context, purpose string) (core.ID, error) {
	user, err := h.store.WechatProven(c.Ctx(), store.WechatProof{Browser: c.Browser(), Purpose: purpose})
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return 0, nil
	}
	return user, err
}

// proveForPage returns the user proved for this very page, regardless of who is signed in. If there
// is none, it redirects the phone to WeChat, which leads back to the page: done is then true. A
// session is not accepted as proof: somebody else may have started it.
func (h *H5) proveForPage(c *web.Context, path string) (user core.ID, done bool, err error) {
	user, err = h.proven(c, pagePurpose(path))
	if err != nil || user != 0 {
		return user, false, err
	}
	if c.Request().Method == http.MethodPost { // the form is another user's, or too late
		return 0, true, c.Redirect(path)
	}
	return 0, true, h.beginRound(c, pageSurface, path)
}

// roundFinish handles WeChat's redirect back.
func (h *H5) roundFinish(c *web.Context) error {
	r, ok := roundOf(c, c.Query("state"))
	if !ok {
		return h.lost(c, "登录链接已失效", fronts[web.SurfaceResident])
	}
	code := c.Query("code")
	switch {
	case code == "" && r.phone:
		c.Flash(web.FlashWarning, "没有取得手机号，需要时可以再授权。")
		return c.Redirect(r.next)
	case code == "":
		return h.refused(c, r)
	case r.surface == web.SurfaceStaff:
		return h.staffFinish(c, r, code)
	}
	user, err := h.prove(c, r.purpose(), func() (core.WechatIdentity, error) { return h.wechat.Identify(c.Ctx(), r.via, code) })
	if core.IsInvalid(err) {
		return h.lost(c, core.MessageOf(err), r.again())
	}
	if err != nil {
		return err
	}
	r.remember(c)
	if r.surface != pageSurface {
		if err := h.enter(c, r.surface, user); err != nil {
			return err
		}
	}
	return c.Redirect(r.next)
}

// again returns the URL that restarts the round.
func (r round) again() string {
	if r.surface == pageSurface {
		return r.next
	}
	if r.surface == web.SurfaceStaff {
		return templates.WithQuery(core.StaffEntry(r.corp), nil, "next", r.next)
	}
	return templates.WithQuery("/h5/session/"+string(r.surface), nil, "next", r.next)
}

// enter signs a user in at a surface of this browser, unless they already are.
func (h *H5) enter(c *web.Context, surface web.Surface, user core.ID) error {
	present, err := c.UserAt(surface)
	if err != nil {
		return err
	}
	if present.Subject == user && !present.ByLink {
		return nil
	}
	return c.StartSession(surface, user)
}

// sessionPage explains why nobody was signed in, and what to do.
type sessionPage struct {
	templates.Phone
	Empty templates.Empty
}

// refused is shown to a user who did not allow WeChat to identify them.
func (h *H5) refused(c *web.Context, r round) error {
	return h.show(c, http.StatusOK, "session/refused", sessionPage{
		Phone: h.phone(c, "未登录", ""),
		Empty: templates.Empty{Icon: "brand-wechat", Title: "您没有授权", Text: "授权后才能确认您的身份。",
			Action: templates.Action{Label: "重新授权", URL: r.again(), Primary: true}},
	})
}

// lost is shown for a URL that is no longer valid.
func (h *H5) lost(c *web.Context, why, again string) error {
	return h.show(c, http.StatusUnprocessableEntity, "session/refused", sessionPage{
		Phone: h.phone(c, "未登录", ""),
		Empty: templates.Empty{Icon: "brand-wechat", Title: "未能登录", Text: why + "。",
			Action: templates.Action{Label: "重新登录", URL: again, Primary: true}},
	})
}
