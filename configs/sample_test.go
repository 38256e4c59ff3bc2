package configs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite sample.yaml")

func TestSample(t *testing.T) {
	want := makeSample(t)
	if *update {
		if err := os.WriteFile("sample.yaml", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Sample(), want) {
		t.Error("sample.yaml differs from the struct: run make sample")
	}
}

func TestSampleIsTheDefault(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sample.yaml")
	if err := os.WriteFile(name, Sample(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(Options{File: name, Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, Default()) {
		t.Errorf("the sample loads to %+v, the default is %+v", got, Default())
	}
}

// TestEveryFieldIsDocumented keeps the promise of "one documented struct".
func TestEveryFieldIsDocumented(t *testing.T) {
	c := Default()
	text := string(Sample())
	for _, f := range fieldsOf(&c) {
		if !strings.Contains(text, "# "+f.env+"\n") {
			t.Errorf("the sample lacks %s (%s)", f.path, f.env)
		}
	}
}

// makeSample generates the YAML file from the struct, its comments and defaults.
func makeSample(t *testing.T) []byte {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	w := sampleWriter{types: map[string]typeDoc{}}
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		spec := general.Specs[0].(*ast.TypeSpec)
		if fields, ok := spec.Type.(*ast.StructType); ok {
			w.types[spec.Name.Name] = typeDoc{text: general.Doc.Text(), fields: fields.Fields.List}
		}
	}
	w.comment("", w.types["Config"].text)
	w.fields(reflect.ValueOf(Default()), "", EnvPrefix)
	return w.out.Bytes()
}

type typeDoc struct {
	text   string
	fields []*ast.Field
}

type sampleWriter struct {
	out   bytes.Buffer
	types map[string]typeDoc
}

func (w *sampleWriter) fields(v reflect.Value, indent, envPrefix string) {
	docs := map[string]string{}
	for _, f := range w.types[v.Type().Name()].fields {
		docs[f.Names[0].Name] = f.Doc.Text()
	}
	for i := range v.NumField() {
		info := v.Type().Field(i)
		if prefix, ok := info.Tag.Lookup("envPrefix"); ok {
			w.out.WriteString("\n")
			w.comment(indent, w.types[info.Type.Name()].text)
			fmt.Fprintf(&w.out, "%s%s:\n", indent, info.Tag.Get("yaml"))
			w.fields(v.Field(i), indent+"  ", envPrefix+prefix)
			continue
		}
		if indent == "" {
			w.out.WriteString("\n")
		}
		w.comment(indent, docs[info.Name]+envPrefix+info.Tag.Get("env"))
		fmt.Fprintf(&w.out, "%s%s: %s\n", indent, info.Tag.Get("yaml"), yamlValue(v.Field(i)))
	}
}

func (w *sampleWriter) comment(indent, text string) {
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		w.out.WriteString(strings.TrimRight(indent+"# "+strings.TrimRight(line, "\n"), " ") + "\n")
	}
}

func yamlValue(v reflect.Value) string {
	text, err := yaml.Marshal(v.Interface())
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
}
