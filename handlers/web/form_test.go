package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

type sampleForm struct {
	Name   string    `form:"name" max:"5" required:"请填写姓名"`
	Note   string    `form:"note" text:"lines"`
	Secret string    `form:"secret" text:"raw"`
	On     bool      `form:"on"`
	Count  int       `form:"count"`
	House  core.ID   `form:"house"`
	Day    core.Day  `form:"day"`
	IDs    []core.ID `form:"ids" max:"3"`
	Tags   []string  `form:"tags"`
	State  string    `form:"state" of:"on off"`
	Other  string
}

func bindForm(t *testing.T, body string) (sampleForm, error) {
	t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var f sampleForm
	err := (&Context{r: r}).Bind(&f)
	return f, err
}

func TestBind(t *testing.T) {
	f, err := bindForm(t, url.Values{
		"name": {" 张三 "}, "note": {"一\r\n二"}, "secret": {" s "}, "on": {"1"}, "count": {"－３"}, "house": {"１２"}, "day": {"１９７０－０１－１１"},
		"ids": {"1", "2"}, "tags": {" a ", "b"}, "Other": {"x"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	want := sampleForm{
		Name: "张三", Note: "一\n二", Secret: " s ", On: true, Count: -3, House: 12, Day: 10, IDs: []core.ID{1, 2},
		Tags: []string{"a", "b"},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("bound %+v", f)
	}
}

// A hidden field that stands for nothing is written as 0 or left empty.
func TestBindTakesNoID(t *testing.T) {
	for _, text := range []string{"0", "", " "} {
		form, err := bindForm(t, url.Values{"name": {"a"}, "house": {text}}.Encode())
		if err != nil || form.House != 0 {
			t.Errorf("%q: %v, %v", text, form.House, err)
		}
	}
}

func TestBindNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		values url.Values
		wrong  map[string]string
	}{
		{"missing", url.Values{}, map[string]string{"name": "请填写姓名"}},
		{"spaces", url.Values{"name": {"   "}}, map[string]string{"name": "请填写姓名"}},
		{"too long", url.Values{"name": {"一二三四五六"}}, map[string]string{"name": "最多 5 个字"}},
		{"very long", url.Values{"name": {strings.Repeat("x", 10000)}}, map[string]string{"name": "最多 5 个字"}},
		{"no text", url.Values{"name": {"\xff\xfe"}}, map[string]string{"name": "含有无法识别的字符"}},
		{"control", url.Values{"name": {"a\x00b"}}, map[string]string{"name": "含有不能使用的字符"}},
		{"no choice", url.Values{"name": {"a"}, "state": {"gone"}}, map[string]string{"state": "请在列出的选项中选择"}},
		{"line end", url.Values{"name": {"a\nb"}}, map[string]string{"name": "含有不能使用的字符"}},
		{"several", url.Values{"count": {"x"}, "house": {"-1"}, "day": {"2026-02-30"}, "ids": {"1", "x"}}, map[string]string{
			"name": "请填写姓名", "count": "请填写整数", "house": "选项不存在", "day": "请填写存在的日期，例如 2026-11-23", "ids": "选项不存在"}},
		{"too many", url.Values{"name": {"a"}, "ids": {"1", "2", "3", "4"}}, map[string]string{"ids": "最多 3 项"}},
		{
			"overflow",
			url.Values{"name": {"a"}, "house": {"99999999999999999999"}, "count": {"99999999999999999999"}},
			map[string]string{"house": "选项不存在", "count": "请填写整数"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := bindForm(t, c.values.Encode())
			if got := FieldsOf(err); !maps.Equal(got, c.wrong) {
				t.Errorf("wrong %v, want %v (%v)", got, c.wrong, err)
			}
		})
	}
}

// Rejected values are shown again as typed; invisible characters are removed before validation.
func TestBindKeepsWhatWasTyped(t *testing.T) {
	for _, c := range []struct{ name, typed, kept string }{
		{"too long", "一二三四五六", "一二三四五六"},
		{"control character", "王\x02伟", "王伟"},
		{"no text", "王\xff伟", "王伟"},
		{"turned round", "a\u202eb", "ab"},
		{"between isolates", "\u2068王伟\u2069", "王伟"},
		{"byte-order mark", "\ufeff王伟", "王伟"},
		{"variation selector", "1\ufe0d2", "12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, _ := bindForm(t, url.Values{"name": {c.typed}}.Encode())
			if f.Name != c.kept {
				t.Errorf("kept %+q, want %+q", f.Name, c.kept)
			}
		})
	}
	f, _ := bindForm(t, url.Values{"note": {"\ufeff3-1-501\n\u202d3-1-502\u202c\n\x02"}}.Encode())
	if f.Note != "3-1-501\n3-1-502\n" {
		t.Errorf("of a list with one bad character %+q is left", f.Note)
	}
}

func TestBindRefusesOtherFormats(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader("<xml/>"))
	r.Header.Set("Content-Type", "text/xml")
	if err := (&Context{r: r}).Bind(&sampleForm{}); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("got %v", err)
	}
	r = httptest.NewRequest("POST", "/", strings.NewReader("a=%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := (&Context{r: r}).Bind(&sampleForm{}); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestBindJSON(t *testing.T) {
	type body struct {
		Name  string  `json:"name" max:"5" required:"请填写姓名"`
		House core.ID `json:"house,omitempty"`
		Count int     `json:"count"`
	}
	for _, c := range []struct {
		name, json, wrong string
		want              body
	}{
		{"right", `{"name":" 张三 ","house":"12","count":3,"later":true}`, "", body{"张三", 12, 3}},
		{"missing", `{}`, "name=请填写姓名", body{}},
		{"long", `{"name":"一二三四五六"}`, "name=最多 5 个字", body{}},
		{"control", `{"name":"a\u0000b"}`, "name=含有不能使用的字符", body{}},
		{"kind", `{"name":"a","count":"x"}`, "count=格式不正确", body{}},
		{"bad id", `{"name":"a","house":"x"}`, "编号不存在", body{}},
		{"id as number", `{"name":"a","house":12}`, "house=格式不正确", body{}},
		{"cut", `{"name":"a"`, "请求不是有效的 JSON", body{}},
		{"two", `{"name":"a"}{"name":"b"}`, "请求不是有效的 JSON", body{}},
		{"list", `[]`, "请求不是有效的 JSON", body{}},
		{"empty", ``, "请求不是有效的 JSON", body{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.json))
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
			var got body
			err := (&Context{r: r}).BindJSON(&got)
			wrong := ""
			for name, message := range FieldsOf(err) {
				wrong += name + "=" + message
			}
			if err != nil && wrong == "" {
				wrong = core.MessageOf(err)
			}
			if wrong != c.wrong || err == nil && got != c.want {
				t.Errorf("bound %+v, wrong %q", got, wrong)
			}
		})
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"name":"a"}`))
	r.Header.Set("Content-Type", "text/plain") // what a form of another site could send
	if err := (&Context{r: r}).BindJSON(&body{}); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("took text/plain: %v", err)
	}
}

func FuzzBind(f *testing.F) {
	f.Add("name=a&count=1&ids=2&day=2026-01-01")
	f.Add("name=%ff&note=%00&house=-1&ids=1&ids=x")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		var form sampleForm
		err := (&Context{r: r}).Bind(&form)
		if err != nil && core.CodeOf(err) != core.CodeInvalid {
			t.Fatalf("%v", err)
		}
		if err == nil && (len([]rune(form.Name)) > 5 || form.House < 0 || strings.ContainsAny(form.Name, "\x00\n")) {
			t.Fatalf("let through %+v", form)
		}
	})
}

func TestPageReadsItsPlace(t *testing.T) {
	for query, want := range map[string]core.Page{
		"":                 {Limit: 20},
		"after=5":          {Next: 5, Limit: 20},
		"before=5":         {Prev: 5, Limit: 20},
		"before=1&after=2": {Prev: 1, Next: 2, Limit: 20},
	} {
		c := &Context{r: httptest.NewRequest(http.MethodGet, "/x?"+query, nil)}
		if p := c.Page(20); !reflect.DeepEqual(p, want) {
			t.Errorf("%s: %+v, want %+v", query, p, want)
		}
	}
}

// A malformed cursor must not show the start of the list instead of the requested page.
func TestCursorsThatAreNoneAreRefused(t *testing.T) {
	for query, wrong := range map[string]bool{
		"after=x": true, "before=-1": true, "before=0": true, "after=99999999999999999999": true, "after=": false, "before=7": false,
	} {
		values, _ := url.ParseQuery(query)
		if err := checkIDs(values); core.IsInvalid(err) != wrong {
			t.Errorf("?%s: %v", query, err)
		}
	}
}

func TestPagedLeadsToItsNeighbours(t *testing.T) {
	ids := func(list ...core.ID) []core.ID { return list }
	for _, c := range []struct {
		name       string
		page       core.Page
		rows       []core.ID
		more       bool
		prev, next string
	}{
		{"the only page", core.Page{Limit: 2}, ids(9, 8), false, "", ""},
		{"the first of several", core.Page{Limit: 2}, ids(9, 8), true, "", "/x?after=8&q=a"},
		{"in the middle", core.Page{Next: 8, Limit: 2}, ids(7, 6), true, "/x?before=7&q=a", "/x?after=6&q=a"},
		{"the last", core.Page{Next: 8, Limit: 2}, ids(7, 6), false, "/x?before=7&q=a", ""},
		{"back to the middle", core.Page{Prev: 5, Limit: 2}, ids(7, 6), true, "/x?before=7&q=a", "/x?after=6&q=a"},
		{"back to the first", core.Page{Prev: 7, Limit: 2}, ids(9, 8), false, "", "/x?after=8&q=a"},
		{"beyond the end", core.Page{Next: 1, Limit: 2}, nil, false, "/x?q=a", ""},
		{"nothing at all", core.Page{Limit: 2}, nil, false, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := templates.List{Path: "/x", Query: url.Values{"q": {"a"}, "after": {"1"}}}
			Paged(&list, c.page, c.rows, c.more, func(id core.ID) core.ID { return id })
			if list.Pager.Prev != c.prev || list.Pager.Next != c.next || list.Count != len(c.rows) {
				t.Errorf("%+v", list.Pager)
			}
		})
	}
}

// A malformed query is rejected before any handler, which would see the URL without it.
func TestBrokenParametersAreRefused(t *testing.T) {
	for _, query := range []string{"q=%zz", "community=1&q=%", "a=1;b=2", "community=1%01", "community=12x", "community=1&community=2",
		"q=%EF%BF%BD", "q=a%EF%BF%BDb", "q=%E2%80%8B", "q=%ff", "node=%00", "community=" + strings.Repeat("1", 900)} {
		rc := newRouteCall(&App{}, Route{Method: "GET", Path: "/console/resident", Access: SignedIn})
		r := httptest.NewRequest("GET", "/console/resident", nil)
		r.URL.RawQuery = query
		if err := rc.checkQuery(&Context{r: r}); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("?%s: %v", query, err)
		}
		device := newRouteCall(&App{}, Route{Method: "GET", Path: "/door/x", Access: Device})
		if err := device.checkQuery(&Context{r: r}); err != nil {
			t.Errorf("a reader's ?%s: %v", query, err)
		}
	}
}
