package console

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// Every page that the menu or a tab leads to has help: three sentences on what it is for, and what its words
// mean, which are the glossary's.
func TestEveryPageHasHelp(t *testing.T) {
	glossary, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	paths := []string{"/console", frame.GuidePath, frame.MePath, frame.BatchPath}
	for _, f := range core.Features {
		if f.List != "" || f.Own {
			paths = append(paths, frame.StemURL(f.Stem, ""))
		}
	}
	seen := map[string]string{}
	for _, path := range paths {
		help := b.Get(t, path, http.StatusOK).Find("details.tx-help-menu")
		text := help.Find("p").First().Text()
		if n := strings.Count(text, "。"); n != 3 {
			t.Errorf("%s: %d sentences: %q", path, n, text)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("%s has the help of %s", path, other)
		}
		seen[text] = path
		words := 0
		help.Find("dt").Each(func(_ int, dt *goquery.Selection) {
			if word := dt.Text(); word != "快捷键" {
				words++
				if !strings.Contains(string(glossary), word) {
					t.Errorf("%s: the glossary has no %s", path, word)
				}
			}
		})
		if words == 0 || help.Find(`a[href="`+frame.GuidePath+`"]`).Length() != 1 {
			t.Errorf("%s: no words are explained, or no way to 开始使用", path)
		}
	}
	if len(paths) < 18 {
		t.Errorf("only %d pages", len(paths))
	}
}

// Every page with the console's frame has help; one that is not a list has its own.
func TestEveryFramedPageHasHelp(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	own, framed := map[string]string{}, 0
	open := func(path string) *goquery.Document {
		response, err := b.Client.Do(request(t, b, path))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		page, err := goquery.NewDocumentFromReader(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	paths := []string{frame.ReaderPath + "/1"} // an error page
	for _, r := range d.Routes {
		file, stream := strings.HasSuffix(r.Path, ".xlsx"), strings.HasSuffix(r.Path, "/news") || strings.HasSuffix(r.Path, "/events")
		if r.Method == http.MethodGet && !strings.Contains(r.Path, ":") && !file && !stream {
			paths = append(paths, r.Path)
		}
	}
	for _, path := range paths {
		help := open(path).Find("details.tx-help-menu")
		if help.Length() == 0 {
			continue // a part, or a redirect
		}
		framed++
		text := help.Find("p").First().Text()
		if n := strings.Count(text, "。"); n != 3 || help.Find("dt").Length() < 2 { // a word, and the keys
			t.Errorf("%s: %d sentences: %q", path, n, text)
		}
		switch path {
		case frame.CommunityPath + "/new", frame.WechatAppPath + "/new", frame.WechatFilePath + "/new", frame.GuardPath + "/new",
			frame.OpenClientPath + "/new":
			continue // refused to who has one community; the form of posts and guards is one
		}
		for _, end := range []string{
			"/new", "/bulk", "/import", "/plan", "/quarantine", "/wall", "/figure", "/chart", "/view", "/verify", "/guard", "/search",
			"/savedview", "/1",
		} {
			if !strings.HasSuffix(path, end) {
				continue
			}
			if other, ok := own[text]; ok {
				t.Errorf("%s has the help of %s", path, other)
			}
			own[text] = path
		}
		if list := path[:strings.LastIndex(path, "/")]; own[text] == path && list != frame.HomePath &&
			open(list).Find("details.tx-help-menu p").First().Text() == text {
			t.Errorf("%s has the help of its list", path)
		}
	}
	if framed < 30 || len(own) < 16 {
		t.Errorf("%d pages, %d of their own", framed, len(own))
	}
}

// What waits is on one page, with the numbers of the menu, of the window's title and of the search box; and
// what is handled is gone.
func TestTodoIsWhatWaits(t *testing.T) {
	d := newDesk(t)
	d.Fevers(t, d.Mine, 7)
	for name, b := range map[string]*desk.Clerk{
		"all": d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...), "alerts": d.SignIn(
			t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView, core.PermAccessAlertHandle,
		),
	} {
		page := b.Get(t, frame.TodoPath, http.StatusOK)
		sum := 0
		page.Find("main .tx-todo").Each(func(_ int, kind *goquery.Selection) {
			n := rowsBehind(t, b, kind.Find("h2 a").AttrOr("href", ""))
			sum += n
			if kind.Find(".tx-count").Text() != frame.Grouped(n) || kind.Find("li").Length() != min(n, 5) {
				t.Errorf("%s: %s of %d rows", name, kind.Text(), n)
			}
			kind.Find("li a").Each(func(_ int, a *goquery.Selection) { b.Get(t, a.AttrOr("href", ""), http.StatusOK) })
		})
		line := page.Find(`aside a[href="` + frame.TodoPath + `"] .tx-count`).Text()
		if sum < 7 || line != frame.Grouped(sum) || !strings.HasPrefix(page.Find("title").Text(), "("+line+") ") {
			t.Errorf("%s: %d wait, the menu says %s, the title %q", name, sum, line, page.Find("title").Text())
		}
		if b.Get(t, frame.SearchPath, http.StatusOK).Find(`.tx-find-group[aria-label="待我处理"] a`).Length() == 0 {
			t.Errorf("%s: the empty search box has none of it", name)
		}
	}
	none := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView).Get(t, frame.TodoPath, http.StatusOK)
	if none.Find("main .tx-empty").Length() != 1 || strings.HasPrefix(none.Find("title").Text(), "(") {
		t.Error("something waits for who may handle nothing")
	}
}

// What needs WeChat is off where it is not configured, with the reason and the way to the step.
func TestWechatIsSaidBeforeTheAct(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	pages := []string{frame.MePath}
	for _, list := range []string{frame.GuardPath, frame.ObserverPath} {
		b.Get(t, list, http.StatusOK).Find("main tbody tr").First().Find("a").First().Each(func(_ int, a *goquery.Selection) {
			pages = append(pages, a.AttrOr("href", ""))
		})
	}
	if len(pages) != 3 {
		t.Fatalf("only %v", pages)
	}
	for _, path := range pages {
		main := b.Get(t, path, http.StatusOK).Find("main")
		if main.Find(`[role="note"] a[href="`+frame.WechatStep+`"]`).Length() != 1 ||
			main.Find("button[disabled]").Length() != 1 || main.Find(`a[href$="/wechat/new"]`).Length() != 0 {
			t.Errorf("%s does not say that WeChat is missing", path)
		}
	}
}

func TestTodoPages(t *testing.T) {
	shell := templates.Shell{Title: "待我处理", CSRF: "x", Waiting: 2, Account: templates.Account{Name: "张三"}}
	templates.CheckAll(t, "console/todo/", map[string]any{
		"console/todo/list": frame.TodoPage{Shell: shell, Kinds: []frame.TodoKind{
			{Label: desk.Hostile, URL: "/a", N: 2, Rows: []frame.TodoRow{{Title: desk.Hostile, Note: "西门", URL: "/a/1"}}},
			{Label: "设备", URL: "/b", N: 1, Failed: true},
		}},
		"console/todo/list#none": frame.TodoPage{Shell: shell, Empty: templates.Empty{Icon: "circle-check", Title: "没有等待您处理的事"}},
	})
}
