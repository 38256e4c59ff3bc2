package h5

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// small is the smallest screen on which a pass must be readable at once.
var small = browser.Size{Width: 375, Height: 560}

// bothVisible is true if the verdict and the code are wholly on the first screen, without scrolling.
const bothVisible = `(() => {
	const shown = (e) => e && e.getClientRects().length > 0;
	const verdicts = [...document.querySelectorAll(".p-verdict")].filter(shown);
	const code = document.querySelector(".p-qr-frame");
	if (verdicts.length !== 1 || !shown(code) || scrollY !== 0) return false;
	const v = verdicts[0].getBoundingClientRect(), c = code.getBoundingClientRect();
	return v.top >= 0 && v.bottom <= c.top && c.bottom <= innerHeight && c.width >= 176 &&
		c.left >= 0 && c.right <= innerWidth && document.documentElement.scrollWidth <= innerWidth;
})()`

// words is what the page says: the verdict, and the caption that is visible.
const words = `[...document.querySelectorAll(".p-verdict, .p-qr-text, .p-qr-stale")].filter((e) =>
	e.getClientRects().length > 0 && getComputedStyle(e).visibility === "visible").map((e) => e.innerText).join(" | ")`

// large is the switch of 大字版.
const large = `(document.querySelector("[data-large-switch]").click(), true)`

// visible checks the two in both sizes of type, and what they say.
func (p *phone) visible(ctx context.Context, name string, says ...string) {
	p.t.Helper()
	for _, size := range []string{"", "-large"} {
		p.await(ctx, bothVisible)
		for _, text := range says {
			p.await(ctx, fmt.Sprintf("(%s).includes(%q)", words, text))
		}
		p.picture(ctx, name+size)
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](large)); err != nil {
			p.t.Fatal(err)
		}
	}
	p.await(ctx, bothVisible)
}

// picture keeps a screenshot if a directory for them is set.
func (p *phone) picture(ctx context.Context, name string) {
	p.t.Helper()
	folder := os.Getenv("TONGXING_SHOTS")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.WriteFile(folder+"/"+name+".png", image, 0o600))
}

// hoursAway returns exit hours that begin in two hours and last one.
func hoursAway(s *store.Store) []core.HourRange {
	at := s.Now().In(s.Zone())
	minute := at.Hour()*60 + at.Minute()
	return []core.HourRange{{From: (minute + 120) % 1440, To: (minute + 180) % 1440}}
}

// The resident's verdict and code are on the first screen of a small phone in every state of the
// rules, in normal and in large type, and the caption of the code agrees with the verdict.
func TestVerdictAndCodeAreVisibleTogether(t *testing.T) {
	rule := func(change func(*core.PassRule)) core.PassRule {
		r := estate.Open
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		rule    core.PassRule
		prepare func(w *site, r estate.Resident)
		says    []string
	}{
		"free":  {rule: estate.Open, says: []string{"现在可以出门", "请对准扫码机"}},
		"limit": {rule: rule(func(r *core.PassRule) { r.Exits = 2 }), says: []string{"今天还能出门 2 次", "请对准扫码机"}},
		"period": {
			rule: rule(func(r *core.PassRule) { r.Exits, r.PeriodDays, r.Counting = 2, 3, core.CountHousehold }),
			says: []string{"全户 3 天内还能出门 2 次"},
		},
		"records": {
			rule: rule(func(r *core.PassRule) { r.Exits, r.RecordTemp, r.RecordID, r.ReaderQR = 2, true, true, false }),
			says: []string{"今天还能出门 2 次，需在门岗测温、登记身份证", "请出示给门岗"},
		},
		"guard": {rule: rule(func(r *core.PassRule) { r.ReaderQR = false }), says: []string{"请走门岗", "请出示给门岗"}},
		"hours": {
			rule: estate.Open,
			prepare: func(w *site, _ estate.Resident) {
				w.SetRule(rule(func(r *core.PassRule) { r.Hours = hoursAway(w.store) }))
			},
			says: []string{"现在不能出门", "起可出门", "仅可进门"},
		},
		"count": {
			rule:    rule(func(r *core.PassRule) { r.Exits = 1 }),
			prepare: func(w *site, r estate.Resident) { w.goOut(r) },
			says:    []string{"现在不能出门", "次数已用完", "仅可进门"},
		},
		"restricted": {
			rule: estate.Open,
			prepare: func(w *site, r estate.Resident) {
				if _, err := w.store.CreateRestrictions(context.Background(), core.System, core.Everywhere, store.RestrictionChange{
					Community: w.Community, Houses: []core.ID{r.House}, Restriction: core.Restriction{Exits: -1, Reason: "隔离观察"},
				}); err != nil {
					t.Fatal(err)
				}
			},
			says: []string{"现在不能通行", "限制出入", "请出示给门岗"},
		},
		"blocked": {
			rule: rule(func(r *core.PassRule) { r.Exits = -1 }), says: []string{"现在不能通行", "小区禁止出入", "请出示给门岗"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSite(t, estate.Plan{Rule: c.rule})
			r := w.Residents[0]
			if c.prepare != nil {
				c.prepare(w, r)
			}
			p := w.resident(t, r)
			ctx, address := p.screen(small)
			p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/pass/"+r.Pass.String())))
			p.await(ctx, `document.querySelector("[data-qr] img") !== null`)
			p.visible(ctx, "pass-"+name, c.says...)
		})
	}
}

// goOut lets a resident out through the first door, and fails if it stays closed.
func (w *site) goOut(r estate.Resident) {
	issued, err := w.gate.Issue(context.Background(), r.Pass)
	if err != nil {
		panic(err)
	}
	if result := w.gate.Scan(context.Background(), w.Doors[0].ID, issued.Text); !result.Decision.Allowed {
		panic(result.Decision.Sentence)
	}
}

// Without a connection the page does not claim what it cannot know: the verdict is covered, the code
// stays until it ends, and then the guard and the telephone are left. Back online it is as before.
func TestPassWithoutAConnection(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 2, FeverTenths: 373, ReaderQR: true}})
	r := w.Residents[0]
	p := w.resident(t, r)
	ctx, address := p.screen(small)
	pass := address + "/h5/pass/" + r.Pass.String()
	p.must(chromedp.Do(ctx, chromedp.Navigate(pass)))
	p.await(ctx, `document.querySelector("[data-qr] img") !== null && document.querySelector("[data-now]").dataset.code === "live"`)

	// Used: the door tells the page, which shows the passage and the next code.
	w.goOut(r)
	p.await(ctx, `document.querySelector(".p-passed")?.innerText.includes("门已放行") && document.querySelector("[data-qr] img") !== null`)
	p.visible(ctx, "pass-used", "今天还能出门 1 次", "请对准扫码机")

	p.line.cut(true)
	p.visible(ctx, "pass-offline", "网络未连接", "二维码到期前可继续使用", "请对准扫码机")
	later := time.Now().Add(11 * time.Minute).UnixMilli()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("(window.clock = Date.now, Date.now = () => %d, true)", later)))
	p.must(err)
	p.await(ctx, `document.querySelector("[data-now]").dataset.code === "over"`)
	p.visible(ctx, "pass-offline-over", "网络未连接", "可请门岗登记", "已过期")
	said, err := chromedp.Run(ctx, chromedp.Evaluate[string](words))
	p.must(err)
	if strings.Contains(said, "可以出门") || strings.Contains(said, "对准") || strings.Contains(said, "到期前") {
		t.Errorf("the page claims %q", said)
	}
	p.await(ctx, `[...document.querySelectorAll('a[href="tel:075512345678"]')].filter((e) => e.getClientRects().length > 0).length === 2`)

	p.line.cut(false)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("(Date.now = window.clock, true)"))
	p.must(err)
	p.await(ctx, `document.querySelector("[data-now]").dataset.code === "live" && !("net" in document.documentElement.dataset)`)
	p.visible(ctx, "pass-online", "今天还能出门 1 次")

	// Opened, and the connection lost before the first code came.
	p.line.busy.Store(true)
	p.must(chromedp.Do(ctx, chromedp.Navigate(pass)))
	p.await(ctx, `document.querySelector("[data-qr-trouble]").hidden === false`)
	p.line.cut(true)
	p.visible(ctx, "pass-offline-none", "网络未连接", "可请门岗登记")
}

// 大字版 is remembered, has 22 px, and leaves the code, the verdict and the telephone.
func TestLargeTypeIsRemembered(t *testing.T) {
	w := newSite(t, estate.Plan{})
	r := w.Residents[0]
	p := w.resident(t, r)
	ctx, address := p.screen(small)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/pass/"+r.Pass.String())))
	p.await(ctx, `document.querySelector("[data-qr] img") !== null`)
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](large))
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/pass/"+r.Pass.String())))
	p.await(ctx, `Math.round(parseFloat(getComputedStyle(document.body).fontSize)) === 22 &&
		document.querySelector("[data-large-switch]").innerText === "标准版" &&
		document.querySelector(".p-call").getClientRects().length > 0 &&
		document.querySelector(".p-rule").getClientRects().length === 0`)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/session/over")))
	p.await(ctx, `parseFloat(getComputedStyle(document.body).fontSize) === 17`)
}

// Error pages of phones have words and a way on, not numbers.
func TestPhoneErrorsHaveNoNumbers(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	page := p.get(post+"/search", http.StatusOK)
	for path, status := range map[string]int{"/h5/guard/1": http.StatusNotFound, "/h5/observer": http.StatusForbidden} {
		if _, lost := p.do(http.MethodGet, path, nil); lost.Find(".tx-problem-status").Length() != 0 ||
			strings.Contains(lost.Find("main").Text(), fmt.Sprint(status)) {
			t.Errorf("%s says %q", path, lost.Find("main").Text())
		}
	}
	p.post(page, "/h5/guard/session/end", url.Values{}, http.StatusSeeOther)
	for _, path := range []string{post + "/search", post + "/look"} {
		over := p.post(page, path, url.Values{}, http.StatusUnauthorized)
		if over.Find(`a[href="/h5/session/guard"]`).Length() != 1 {
			t.Errorf("POST %s after the end of the session has no way to sign in: %s", path, over.Find("main").Text())
		}
	}
}
