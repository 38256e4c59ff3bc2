package templates_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"tongxing/demo/components"
	"tongxing/templates"
	"tongxing/testkit/browser"
)

// A menu of 56 lines has groups of at most seven, of which the current one alone is open, and the sum of its
// lines' counts on each heading.
func TestMenuOfFiftySixLines(t *testing.T) {
	r, err := templates.New(false)
	if err != nil {
		t.Fatal(err)
	}
	menu, lines := components.LongMenu("健康防疫"), 0
	for _, group := range menu {
		lines += len(group.Items)
		if len(group.Items) > 7 {
			t.Errorf("%s has %d lines", group.Label, len(group.Items))
		}
		for _, item := range group.Items {
			if utf8.RuneCountInString(item.Label) > 6 {
				t.Errorf("%s is too long", item.Label)
			}
		}
	}
	if lines != 56 {
		t.Errorf("%d lines", lines)
	}
	var html strings.Builder
	page := templates.ConsoleProblem{Shell: templates.Shell{Nav: menu}, Problem: templates.NewProblem(404, "")}
	if err := r.Render(&html, "console/error/show", page); err != nil {
		t.Fatal(err)
	}
	drawn, err := goquery.NewDocumentFromReader(strings.NewReader(html.String()))
	if err != nil {
		t.Fatal(err)
	}
	groups := drawn.Find("aside details")
	open := groups.Filter("[open]")
	if groups.Length() != 11 || open.Length() != 1 || open.Find("summary > span").Text() != "政务党建" ||
		open.Find("a[aria-current] span").Text() != "健康防疫" {
		t.Errorf("of %d groups %q is open", groups.Length(), open.Find("summary > span").Text())
	}
	groups.Each(func(_ int, group *goquery.Selection) {
		sum := 0
		group.Find("li .tx-count").Each(func(_ int, count *goquery.Selection) {
			n, err := strconv.Atoi(count.Text())
			if err != nil {
				t.Error(err)
			}
			sum += n
		})
		label := group.Find("summary > span").Text()
		if shown, _ := strconv.Atoi(group.Find("summary .tx-count").Text()); shown != sum || label == "案件管理" && sum != 19 {
			t.Errorf("%s: %d, its lines have %d", label, shown, sum)
		}
	})
}

// However many groups a person keeps open, a long menu scrolls within the side bar, with the page's own line in
// view; on a phone in its drawer.
func TestLongMenuScrollsInABrowser(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			s, ctx := newSite(t), open(t, size)
			last := s.URL + "/console/menu?at=" + url.QueryEscape("系统设置")
			ready := until(`document.readyState === "complete"`)
			do(t, ctx, chromedp.Navigate(last), ready)
			if name == "phone" {
				do(t, ctx, browser.Press("[data-menu-open]"), until(`document.body.classList.contains("tx-menu-open")`))
			}
			do(t, ctx, chromedp.Evaluate[chromedp.Void](
				`document.querySelectorAll("aside details:not([open]) > summary").forEach((group) => group.click())`,
			), until(`document.querySelectorAll("aside details[open]").length === 11`))
			do(t, ctx, chromedp.Navigate(last), ready)
			if name == "phone" {
				do(
					t, ctx, browser.Press("[data-menu-open]"),
					until(`getComputedStyle(document.querySelector("aside")).transform === "none"`),
				)
			}
			const inView = `(() => {
				const side = document.querySelector("aside"), at = side.querySelector("a[aria-current]").getBoundingClientRect();
				return at.top >= side.getBoundingClientRect().top && at.bottom <= innerHeight && at.height > 0
			})()`
			do(t, ctx, until(inView))
			const within = `(() => {
				const side = document.querySelector("aside");
				return side.scrollHeight > side.clientHeight && side.clientHeight <= innerHeight &&
					document.documentElement.scrollHeight <= innerHeight + 1
			})()`
			if !ask[bool](t, ctx, within) || !ask[bool](t, ctx, fits) {
				t.Error("the menu makes the page scroll")
			}
			picture(t, ctx, "menu-56-"+name)
		})
	}
}

// picture saves a screenshot to the folder named by TONGXING_SCREENSHOTS, if set.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("TONGXING_SCREENSHOTS")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
