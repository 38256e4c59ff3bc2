package demo_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/cache"
	"tongxing/demo"
	"tongxing/demo/components"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
)

// newComponents returns the components page behind the real router.
func newComponents(t *testing.T) *web.App {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{SQLitePath: filepath.Join(t.TempDir(), "c.db"), Keys: estate.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	redis, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := templates.New(false)
	if err != nil {
		t.Fatal(err)
	}
	tour, err := demo.NewTour(demo.TourOptions{Store: s, Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	app := web.New(web.Options{Store: s, Cache: web.RedisCache(redis, s, nil), Demo: true})
	app.Register(tour.Routes()...)
	t.Cleanup(func() {
		app.Close()
		redis.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return app
}

func post(t *testing.T, app *web.App, path, kind string, body string, status int) *goquery.Document {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s: %d, want %d", path, w.Code, status)
	}
	page, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// The buttons of the sample reviews return the panel in its next state.
func TestSampleReviews(t *testing.T) {
	app := newComponents(t)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/console/dev/components", http.NoBody))
	start, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		panel, button, reason string
		status                int
		state, words          string
		buttons               int
	}{
		"approved":               {"review-1", "通过", "", http.StatusOK, "已通过", "您已通过这个申请", 0},
		"sent back":              {"review-1", "以其他原因不通过", "照片看不清。", http.StatusOK, "不通过", "照片看不清。", 0},
		"sent back for nothing":  {"review-1", "以其他原因不通过", " ", http.StatusUnprocessableEntity, "待审核", "请写明不通过的原因", 2},
		"decided by another":     {"review-2", "通过", "", http.StatusConflict, "已通过", "王强已在", 0},
		"refused after another":  {"review-2", "以其他原因不通过", "不行", http.StatusConflict, "已通过", "您的操作没有生效", 0},
		"wrong once, then right": {"review-3", "以其他原因不通过", "不行", http.StatusOK, "不通过", "不行", 0},
	} {
		t.Run(name, func(t *testing.T) {
			form := start.Find("#" + c.panel + " form")
			button := form.Find("button").FilterFunction(func(_ int, b *goquery.Selection) bool { return b.Text() == c.button })
			path, _, _ := strings.Cut(button.AttrOr("formaction", form.AttrOr("action", "")), "#")
			values := url.Values{
				"version":                                {form.Find(`input[name="version"]`).AttrOr("value", "")},
				form.Find("textarea").AttrOr("name", ""): {c.reason},
			}
			page := post(t, app, path, "application/x-www-form-urlencoded", values.Encode(), c.status)
			panel := page.Find("#" + c.panel)
			if !strings.Contains(panel.Text(), c.state) || !strings.Contains(panel.Text(), c.words) ||
				panel.Find("form button").Length() != c.buttons {
				t.Errorf(
					"came back as %q with %d buttons", strings.Join(strings.Fields(panel.Text()), " "),
					panel.Find("form button").Length(),
				)
			}
			if late := panel.Find(".tx-warn[role=alert]").Length() == 1; late != (c.status == http.StatusConflict) {
				t.Errorf("drawn as late: %v", late)
			}
		})
	}
	post(t, app, "/console/dev/components/review/99/approve", "application/x-www-form-urlencoded", "version=3", http.StatusNotFound)
}

// The sample pickers respond while typing.
func TestSamplePickers(t *testing.T) {
	app := newComponents(t)
	for query, want := range map[string]int{"house=3栋": 1, "house=": 4, "who=李": 2, "who=3栋": 1, "who=x": 0} {
		page := post(t, app, components.SuggestPath, "application/x-www-form-urlencoded", query, http.StatusOK)
		if got := page.Find("option").Length(); got != want {
			t.Errorf("%s: %d choices, want %d", query, got, want)
		}
	}
}

// The buttons of the sample tree's form do what their labels say.
func TestSamplePick(t *testing.T) {
	app := newComponents(t)
	for act, want := range map[string]string{
		"all-1": "已选 120 / 120 套", "none-2": "已选 0 / 60 套", "all-3": "已选 60 / 60 套", "open-1": "已选 60 / 120 套",
		"open-4": "900 套",
	} {
		w := post(t, app, components.PickPath, "application/x-www-form-urlencoded", "act="+act, http.StatusOK)
		if got := w.Find("#sample-pick .tx-current small").Text(); got != want {
			t.Errorf("%s: %q, want %q", act, got, want)
		}
	}
}

func TestSampleUpload(t *testing.T) {
	app := newComponents(t)
	for content, c := range map[string]struct {
		status int
		words  string
	}{
		"3-2-501\n3-2-502\n":                 {http.StatusOK, "“名单.csv”有 2 行，第一格是“3-2-501”。"},
		"\x00\x01":                           {http.StatusUnprocessableEntity, "只支持 txt、csv、xlsx 文件，这个文件的内容不是"},
		strings.Repeat("x\n", 21):            {http.StatusUnprocessableEntity, "文件里超过 20 行，请分成几份上传"},
		strings.Repeat("x", 64<<10+1) + "\n": {http.StatusUnprocessableEntity, "文件有 65 KB，最大 64 KB"},
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("list", "名单.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content)) // writes to memory
		w.Close()
		page := post(t, app, "/console/dev/components/upload", w.FormDataContentType(), body.String(), c.status)
		if got := page.Find(".tx-flash, #f-list-error").Text(); !strings.Contains(got, c.words) {
			t.Errorf("told %q, want %q", got, c.words)
		}
	}
}
