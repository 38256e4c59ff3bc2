package h5

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// A round is a trip to WeChat's authorize page and back, by which somebody says who
// they are: to sign in at a surface, or for one page that asks something of them. Several
// may be under way in one browser, one for each tab.
type round struct {
	state   string // random, and known to this browser alone
	surface web.Surface
	next    string
}

// seatPage is the surface of a round that signs nobody in: what it proves is good for the
// page it leads to, and for nothing else.
const seatPage web.Surface = "page"

const (
	roundCookie = "oauth-" // a round's cookie ends with the beginning of its state
	roundLife   = 10 * time.Minute
	maxRounds   = 5 // of one browser; more would make its requests too long
)

// beginRound sends the phone to WeChat's authorize page. The state is random and kept
// by this browser alone: a link that somebody else made signs nobody in.
func (h *H5) beginRound(c *web.Context, surface web.Surface, next string) error {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	r := round{state: hex.EncodeToString(secret[:]), surface: surface, next: next}
	address, err := h.wechat.AuthorizeURL(h.publicURL+"/h5/session/callback", r.state)
	if err != nil {
		return err
	}
	dropOldRounds(c)
	c.Browser() // before the trip, so that an answer that is lost on the way back loses nothing
	c.SetCookie(r.cookie(), r.text(c.Now()), roundLife)
	return c.RedirectAway(address)
}

func (r round) cookie() string { return roundCookie + r.state[:8] }

func (r round) text(begun time.Time) string {
	return fmt.Sprintf("%s.%d.%s.%s", r.state, begun.Unix(), r.surface, base64.RawURLEncoding.EncodeToString([]byte(r.next)))
}

// roundOf returns the round that a state belongs to; ok is false where this browser
// began none, or too long ago.
func roundOf(c *web.Context, state string) (r round, ok bool) {
	if len(state) != 32 {
		return r, false
	}
	r.state = state
	parts := strings.SplitN(c.Cookie(r.cookie()), ".", 4)
	if len(parts) != 4 || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(state)) != 1 {
		return r, false
	}
	next, err := base64.RawURLEncoding.DecodeString(parts[3])
	r.surface = web.Surface(parts[2])
	r.next = web.LocalPath(string(next), fronts[r.surface])
	return r, err == nil && (r.surface == seatPage || fronts[r.surface] != "")
}

// dropOldRounds takes the oldest rounds back, so that there is room for one more.
func dropOldRounds(c *web.Context) {
	kept := c.CookiesUnder(roundCookie)
	begun := func(name string) int64 {
		parts := strings.SplitN(kept[name], ".", 3)
		if len(parts) != 3 {
			return 0
		}
		seconds, _ := strconv.ParseInt(parts[1], 10, 64) // one that cannot be read is the oldest
		return seconds
	}
	names := slices.SortedFunc(maps.Keys(kept), func(a, b string) int { return int(begun(a) - begun(b)) })
	for ; len(names) >= maxRounds; names = names[1:] {
		c.SetCookie(names[0], "", 0)
	}
}

// purpose is what the round proves its user for.
func (r round) purpose() string {
	if r.surface == seatPage {
		return pagePurpose(r.next)
	}
	return "round " + r.state
}

func pagePurpose(path string) string { return "page " + path }

// prove learns who is in front of this browser, by a code that works once. For a
// purpose that was proved before the code is not asked about again, so that an address
// with a code may be loaded again, gone back to, and open in two tabs.
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

// proven returns who was proved to be in front of this browser; 0 for nobody.
func (h *H5) proven(c *web.Context, purpose string) (core.ID, error) {
	user, err := h.store.WechatProven(c.Ctx(), store.WechatProof{Browser: c.Browser(), Purpose: purpose})
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return 0, nil
	}
	return user, err
}

// proveForPage returns the user whom this very page was proved for, whoever may be
// signed in beside it. Where there is none, the phone is sent to WeChat and comes back
// to the page: done is then true. A session is no proof here: anybody may have begun it.
func (h *H5) proveForPage(c *web.Context, path string) (user core.ID, done bool, err error) {
	user, err = h.proven(c, pagePurpose(path))
	if err != nil || user != 0 {
		return user, false, err
	}
	if c.Request().Method == http.MethodPost { // what was sent is another's, or too late
		return 0, true, c.Redirect(path)
	}
	return 0, true, h.beginRound(c, seatPage, path)
}

// finishRound is where WeChat sends the phone back.
func (h *H5) finishRound(c *web.Context) error {
	r, ok := roundOf(c, c.Query("state"))
	if !ok {
		return h.lost(c, "登录链接已失效", fronts[web.SurfaceResident])
	}
	code := c.Query("code")
	if code == "" {
		return h.refused(c, r)
	}
	user, err := h.prove(c, r.purpose(), func() (core.WechatIdentity, error) { return h.wechat.Identify(c.Ctx(), code) })
	if core.CodeOf(err) == core.CodeInvalid {
		return h.lost(c, core.MessageOf(err), r.again())
	}
	if err != nil {
		return err
	}
	if r.surface != seatPage {
		if err := h.enter(c, r.surface, user); err != nil {
			return err
		}
	}
	return c.Redirect(r.next)
}

// again is where the same round begins anew.
func (r round) again() string {
	if r.surface == seatPage {
		return r.next
	}
	return templates.WithQuery("/h5/session/"+string(r.surface), nil, "next", r.next)
}

// enter signs a user in at a surface of this browser, unless they are already.
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

// sessionPage says why nobody was signed in, and how to go on.
type sessionPage struct {
	templates.Phone
	Empty templates.Empty
}

// refused is for somebody who did not allow WeChat to say who they are.
func (h *H5) refused(c *web.Context, r round) error {
	return h.show(c, http.StatusOK, "session/refused", sessionPage{
		Phone: h.phone(c, "未登录", ""),
		Empty: templates.Empty{Icon: "brand-wechat", Title: "您没有同意授权", Text: "同意后才能确认您的身份。",
			Action: templates.Action{Label: "重新授权", URL: r.again(), Primary: true}},
	})
}

// lost is for somebody whose address is good for nothing any more.
func (h *H5) lost(c *web.Context, why, again string) error {
	return h.show(c, http.StatusUnprocessableEntity, "session/refused", sessionPage{
		Phone: h.phone(c, "未登录", ""),
		Empty: templates.Empty{Icon: "brand-wechat", Title: "未能登录", Text: why + "。",
			Action: templates.Action{Label: "重新登录", URL: again, Primary: true}},
	})
}
