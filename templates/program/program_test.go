package program

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"strings"
	"testing"
	"time"
)

// both renders a template by html/template and compiled.
func both(t *testing.T, text string, data any) (plain, compiled string, err error) {
	t.Helper()
	funcs := template.FuncMap{
		"icon":  func(name string) (template.HTML, error) { return template.HTML("<i>" + name + "</i>"), nil },
		"day":   func(value any) (string, error) { return fmt.Sprint(value), nil },
		"front": func() inner { return inner{"前"} },
		"fails": func(string) (template.HTML, error) { return "", errors.New("fails") },
		"sum":   func(a, b int) int { return a + b },
	}
	set, err := template.New("page").Funcs(funcs).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var out, again bytes.Buffer
	wrong := set.Execute(&out, data)
	p, err := Compile(set, "page", funcs)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	err = p.Execute(&again, data)
	if (wrong == nil) != (err == nil) {
		t.Errorf("%s: %v, compiled %v", text, wrong, err)
	}
	return out.String(), again.String(), err
}

type inner struct{ Name string }

func (i inner) Greeting() string        { return "你好，" + i.Name }
func (i *inner) Pointed() string        { return "*" + i.Name }
func (i inner) With(more string) string { return i.Name + more }
func (i inner) Fails() (string, error)  { return "", errors.New("fails") }
func (i inner) Times(n int64, k kind) []string {
	return strings.Split(strings.Repeat(string(k)+" ", int(n)), " ")
}

type kind string

func (k kind) Label() string { return "类" + string(k) }

type number int64

func (n number) String() string { return fmt.Sprintf("№%d", int64(n)) }

type outer struct {
	inner
	Text, Empty string
	URL         string
	Markup      template.HTML
	Address     template.URL
	Yes         bool
	Count       int
	Big         int64
	Half        float64
	Number      number
	Kind        kind
	List        []inner
	Nested      [][]string
	None        []inner
	Pointer     *inner
	Nil         *inner
	Any         any
	Nothing     any
	Stringer    fmt.Stringer
	Time        time.Time
	Error       error
}

func sample() outer {
	return outer{
		inner: inner{"通<行>"}, Text: "a < b & \"c\" + 'd' \x00 \xff \ufffd \ufdd0 你好", URL: "/a b?c=d&e=%41%zz+f#'()\"é你",
		Markup: "<b>x</b>", Address: "weixin://dl?x=1&y", Yes: true, Count: -3, Big: 1 << 40, Half: 0.5, Number: 7, Kind: "甲",
		List: []inner{{"一"}, {"二"}}, Nested: [][]string{{"a", "b"}, nil, {"c"}}, Pointer: &inner{"指"}, Any: inner{"任"},
		Stringer: number(9), Time: time.Unix(1700000000, 0).UTC(), Error: errors.New("错<误>"),
	}
}

// What is compiled writes what html/template writes, wherever a value stands.
func TestCompiledWritesTheSame(t *testing.T) {
	data := sample()
	for _, text := range []string{
		`{{.Text}}{{.Empty}}{{.Markup}}{{.Address}}`,
		`<p title="{{.Text}}" class="a {{.Kind}}">{{.Kind.Label}}</p><title>{{.Text}}</title><textarea>{{.Text}}</textarea>`,
		`<a href="{{.URL}}">x</a><a href="{{.Text}}">y</a><a href="{{.Address}}">z</a><a href="/x?a={{.Text}}&b={{.Address}}">w</a>`,
		`<a href="/x/{{.URL}}"></a><a href="javascript:{{.Count}}"></a><img src="{{.URL}}">`,
		`{{.Yes}} {{.Count}} {{.Big}} {{.Half}} {{.Number}} {{.Any}} {{.Stringer}} {{.Time}} {{.Error}} {{.Nothing}} {{.List}}`,
		`<b title="{{.Count}}" id="{{.Number}}" lang="{{.Nothing}}">{{.Pointer}}{{len .List}}{{len .Text}}</b>`,
		`{{.Name}} {{.Greeting}} {{.With "!"}} {{.inner.Name}}`,
		`{{.Pointer.Name}} {{.Pointer.Pointed}} {{.Pointer.Greeting}} {{.Any.Name}} {{.Any.Greeting}}`,
		`{{range .List}}{{.Name}}{{.Pointed}}{{else}}none{{end}}`,
		`{{range .None}}x{{else}}none{{end}}{{range .Nothing}}x{{else}}none{{end}}`,
		`{{range $i, $e := .List}}{{$i}}={{$e.Name}} {{$.Text}}{{end}}`,
		`{{range $e := .Nested}}[{{range $e}}{{.}}{{else}}-{{end}}]{{end}}`,
		`{{if .Yes}}1{{end}}{{if not .Yes}}2{{else if .Count}}3{{else}}4{{end}}`,
		`{{if .Nil}}5{{end}}{{if .Nothing}}6{{end}}{{if .Half}}7{{end}}`,
		`{{if and .Yes .List}}1{{end}}{{if or .Empty .None .Nil}}2{{end}}`,
		`{{if or (eq .Kind "乙" "甲") .Empty}}3{{end}}{{if .Stringer}}4{{end}}`,
		`{{if eq .Count -3}}1{{end}}{{if ne .Kind "甲"}}2{{end}}`,
		`{{if gt (len .List) 1}}3{{end}}{{if lt .Count 0}}4{{end}}`,
		`{{if eq .Yes true}}5{{end}}`,
		`{{and .Yes .Text}}{{or .Empty .Kind}}{{or .Empty .Nothing}}`,
		`{{not .Yes}}{{eq .Count 1}}{{ne .Count 1}}{{lt .Count 1}}`,
		`{{gt .Count 1}}`,
		`{{with .Pointer}}{{.Name}}{{$.Name}}{{else}}none{{end}}{{with .Nil}}x{{else}}{{.Name}}{{end}}`,
		`{{with $x := .Text}}{{$x}}{{.}}{{end}}`,
		`{{$x := .Count}}{{if .Yes}}{{$x = .Big}}{{$y := 2}}{{$x}}{{$y}}{{end}}{{$x}}{{$z := .Pointer}}{{$z.Greeting}}{{$z.With "z"}}`,
		`{{define "part"}}({{.}}{{$}}){{end}}{{template "part" .Text}}{{template "part" (or .Empty 5)}}{{template "part"}}`,
		`{{define "tree"}}{{range .}}[{{template "tree" .}}]{{end}}{{end}}{{template "tree" .Nothing}}`,
		`{{icon "door"}}{{icon .Empty}}<b>{{day .Time}}{{day .Nothing}}`,
		`</b>{{front.Name}}{{(front).Greeting}}{{sum 1 2}}{{.Count | sum 1}}`,
		`{{range .Times 2 "k"}}{{.}},{{end}}`,
		`{{.Fails}}`, `{{fails .Text}}`, `{{.Nil.Name}}`, `{{.Missing}}`, `{{.Nothing.Name}}`, `{{/* nothing */}}{{.Any.Missing}}`,
	} {
		plain, compiled, err := both(t, text, data)
		if err == nil && plain != compiled {
			t.Errorf("%s:\n%q\n%q", text, plain, compiled)
		}
	}
}

// What the pages do not use is refused, and never written in another way.
func TestWhatIsNotCompiled(t *testing.T) {
	for _, text := range []string{
		`{{range .List}}{{break}}{{end}}`, `{{range .List}}{{continue}}{{end}}`, `{{printf "%d" .Count}}`, `{{index .List 0}}`,
		`<script>var x = {{.Text}}</script>`, `<p style="color: {{.Text}}">x</p>`,
		`<p {{.Text}}>x</p>`, `{{1.5}}`,
		`{{define "attributes"}}title="{{.}}"{{end}}<p {{template "attributes" .Text}}>x</p>`,
	} {
		set := template.Must(template.New("page").Parse(text))
		var out bytes.Buffer
		if err := set.Execute(&out, sample()); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, err := Compile(set, "page", nil); err == nil {
			t.Errorf("%s is compiled", text)
		}
	}
}

// Any text is escaped as html/template escapes it.
func FuzzEscapersAgree(f *testing.F) {
	for _, seed := range []string{
		"", "a", "你好 & <b>", "javascript:alert(1)", "JavaScript :x", "http://a/b?c=d&e", "//x:1", "/x?y=%4",
		"mailto:a@b", "a+b", "\x00\xff",
		"\ufdd0\ufffe\uffff\U0001f600", "%41%4G%", "'\"()`", "data:text/html,x", "weixin:x", ":", "a/b:c",
	} {
		f.Add(seed)
	}
	set := template.Must(template.New("page").Parse(
		`{{.}}<title>{{.}}</title><p title="{{.}}"><a href="{{.}}"></a><a href="/x/{{.}}"></a><a href="/x?y={{.}}"></a></p>`))
	var out bytes.Buffer
	if err := set.Execute(&out, ""); err != nil {
		f.Fatal(err)
	}
	p, err := Compile(set, "page", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, value := range []any{text, kind(text), template.URL(text)} {
			var plain, compiled bytes.Buffer
			if err := set.Execute(&plain, value); err != nil {
				t.Fatal(err)
			}
			if err := p.Execute(&compiled, value); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(plain.Bytes(), compiled.Bytes()) {
				t.Errorf("%T %q:\n%q\n%q", value, text, plain.Bytes(), compiled.Bytes())
			}
		}
	})
}
