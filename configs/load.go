package configs

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

// EnvPrefix starts the name of every environment variable.
const EnvPrefix = "TONGXING_"

// EnvFile is the variable that holds the path of the YAML file.
const EnvFile = EnvPrefix + "CONFIG"

// Options are the sources of the configuration.
type Options struct {
	File    string   // the YAML file; "" = the one EnvFile names, or none
	Environ []string // NAME=value; nil = the process's own
	Demo    bool     // a demo may use the simulator and needs no keys
}

// Load applies file and environment to the defaults and checks the result. The error is nil, or a
// Problems that lists all of them.
func Load(o Options) (Config, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	environ := env.ToMap(o.Environ)
	if o.File == "" {
		o.File = environ[EnvFile]
	}
	c := Default()
	l := &loader{fields: fieldsOf(&c)}
	if o.File != "" {
		l.readFile(o.File, &c)
	}
	l.readEnviron(environ, &c)
	l.readSecrets()
	check(&c, o.Demo, l.add)
	if len(l.problems) > 0 {
		l.sort()
		return Config{}, l.problems
	}
	return c, nil
}

// Problem is one thing wrong with the configuration.
type Problem struct {
	Path string // http.addr; "" if it concerns the file as a whole
	Env  string // TONGXING_HTTP_ADDR; "" likewise
	What string // what is wrong, in Chinese; never a secret's text
}

// Problems are all that is wrong with a configuration.
type Problems []Problem

// Error lists every problem on its own line.
func (p Problems) Error() string {
	var b strings.Builder
	b.WriteString("配置有误：")
	for _, one := range p {
		b.WriteString("\n  ")
		if one.Path != "" {
			b.WriteString(one.Path + "（环境变量 " + one.Env + "）：")
		}
		b.WriteString(one.What)
	}
	return b.String()
}

type loader struct {
	fields   []field
	problems Problems
}

// add records a problem with the field at a path, unless that field has one already: what could not
// be parsed need not be checked too.
func (l *loader) add(path, what string) {
	for _, p := range l.problems {
		if path != "" && p.Path == path {
			return
		}
	}
	problem := Problem{Path: path, What: what}
	for _, f := range l.fields {
		if f.path == path {
			problem.Env = f.env
		}
	}
	l.problems = append(l.problems, problem)
}

// sort puts problems in the order of the fields, those of the file first.
func (l *loader) sort() {
	place := map[string]int{"": -1}
	for i, f := range l.fields {
		place[f.path] = i
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return place[a.Path] - place[b.Path] })
}

func (l *loader) readFile(name string, c *Config) {
	text, err := os.ReadFile(name)
	if err != nil {
		l.add("", "读不到配置文件 "+name+"："+reason(err))
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err = decoder.Decode(c)
	var wrong *yaml.TypeError
	switch {
	case err == nil:
		if decoder.Decode(new(yaml.Node)) != io.EOF {
			l.add("", "配置文件 "+name+" 只能有一个文档")
		}
	case errors.Is(err, io.EOF): // an empty file changes nothing
	case errors.As(err, &wrong):
		for _, what := range wrong.Errors {
			l.add("", "配置文件 "+name+" "+yamlProblem(what))
		}
	default:
		l.add("", "配置文件 "+name+" 不是正确的 YAML："+withoutValues(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
}

var (
	yamlUnknown = regexp.MustCompile(`^line (\d+): field (.+) not found in type .*$`)
	yamlTwice   = regexp.MustCompile(`^line (\d+): (?:field|mapping key) "?([^" ]+)"? already (?:set|defined).*$`)
	yamlKind    = regexp.MustCompile(`^line (\d+): cannot unmarshal !!(\w+)(?: .*)? into (\S+)$`)
)

// yamlProblem translates the decoder's message into Chinese. The value is left out: it may be a
// misplaced secret.
func yamlProblem(what string) string {
	if m := yamlUnknown.FindStringSubmatch(what); m != nil {
		return "第 " + m[1] + " 行：没有名为 " + m[2] + " 的配置项"
	}
	if m := yamlTwice.FindStringSubmatch(what); m != nil {
		return "第 " + m[1] + " 行：" + m[2] + " 重复出现"
	}
	if m := yamlKind.FindStringSubmatch(what); m != nil {
		return "第 " + m[1] + " 行：值的类型不对（是 " + m[2] + "，应为 " + m[3] + "）"
	}
	return withoutValues(what)
}

var quoted = regexp.MustCompile("`[^`]*`|\"[^\"]*\"")

func withoutValues(what string) string { return quoted.ReplaceAllString(what, "…") }

// readEnviron sets one field at a time, so that each failure can name its variable. An empty
// variable counts as not set.
func (l *loader) readEnviron(environ map[string]string, c *Config) {
	for _, f := range l.fields {
		value, file := environ[f.env], environ[f.env+"_FILE"]
		if f.secret == nil {
			file = ""
		}
		switch {
		case value != "" && file != "":
			l.add(f.path, "与 "+f.env+"_FILE 只能设置一个")
		case file != "":
			*f.secret = NewSecret(filePrefix + file)
		case value != "":
			err := env.ParseWithOptions(c, env.Options{Prefix: EnvPrefix, Environment: map[string]string{f.env: value}})
			if err != nil {
				l.add(f.path, "无法读成"+kindName(f.value.Type()))
			}
		}
	}
}

// filePrefix marks a secret that is kept in a file.
const filePrefix = "file:"

func (l *loader) readSecrets() {
	for _, f := range l.fields {
		if f.secret == nil {
			continue
		}
		name, isFile := strings.CutPrefix(f.secret.text, filePrefix)
		if !isFile {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			l.add(f.path, "读不到文件 "+name+"："+reason(err))
			continue
		}
		*f.secret = NewSecret(strings.TrimSpace(string(text)))
	}
}

// reason returns the reason of an os error, without the path.
func reason(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "文件不存在"
	case errors.Is(err, os.ErrPermission):
		return "没有权限"
	}
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// field is one setting: where it is in the file, in the environment and in the
// struct.
type field struct {
	path   string
	env    string
	value  reflect.Value
	secret *Secret // nil unless it is one
}

// fieldsOf returns the settings in the order of the struct.
func fieldsOf(c *Config) []field {
	return appendFields(nil, reflect.ValueOf(c).Elem(), "", EnvPrefix)
}

func appendFields(to []field, v reflect.Value, path, envPrefix string) []field {
	for i := range v.NumField() {
		info, value := v.Type().Field(i), v.Field(i)
		name := path + info.Tag.Get("yaml")
		if prefix, ok := info.Tag.Lookup("envPrefix"); ok {
			to = appendFields(to, value, name+".", envPrefix+prefix)
			continue
		}
		f := field{path: name, env: envPrefix + info.Tag.Get("env"), value: value}
		if secret, ok := value.Addr().Interface().(*Secret); ok {
			f.secret = secret
		}
		to = append(to, f)
	}
	return to
}

func kindName(t reflect.Type) string {
	switch {
	case t.String() == "time.Duration":
		return "时长（例如 30s、15m、2h）"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return "整数"
	}
	return "文字"
}
