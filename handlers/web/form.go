package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/templates"
)

// A form is a private struct whose fields have tags:
//
//	form:"name"     the field's name in the form or the URL
//	max:"64"        the maximum length in characters [200]; the maximum items of a list [1000]
//	required:"请填写姓名"  an empty value is an error with this message
//	of:"on off"     the allowed values besides empty, separated by spaces
//	text:"lines"    line breaks are allowed; text:"raw": surrounding spaces are kept
//
// A field of a type with a method Valid() bool accepts its valid values and the empty one.
//
// Fields are string, bool, int, int64, core.ID, core.Day or lists of string or core.ID. If some
// values are invalid, all readable values are still set, so that the page can show them again.

// maxList limits the items of a list field without a max tag.
const maxList = 1000

// Bind reads a posted form (URL-encoded or multipart) into dst, a pointer to a struct. Invalid
// values are returned as one Invalid error with a message per field. A restored draft also returns
// an error (IsResumed).
func (c *Context) Bind(dst any) error {
	if err := c.parseForm(); err != nil {
		return err
	}
	err := bindValues(dst, c.r.PostForm)
	if c.resumed() {
		return errResumed // its values are checked when it is submitted
	}
	return err
}

// BindQuery reads the URL's parameters into dst, like Bind. A list reads all its filters this way
// and shows no rows if it fails: an unusable filter must never widen a list or an export. Nor may one
// that is sent where it is not read: a page's form that is posted to such a URL has no other fields
// than those of the confirmation.
func (c *Context) BindQuery(dst any) error {
	if c.r.Method == http.MethodPost && !c.api && !c.resumed() { // a draft is only shown
		for name := range c.Form() {
			if !slices.Contains(templates.AnswerFields, name) {
				return core.Invalid("表单里有不会使用的条件，请从列表重新打开页面")
			}
		}
	}
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return errAddress
	}
	for _, name := range templates.PersonalParams {
		if values.Has(templates.SealParam(name)) && !values.Has(name) {
			return errAddress // a seal that nobody opened would be a filter less
		}
	}
	if repeats(dst, values) {
		return errAddress
	}
	return bindValues(dst, values)
}

// repeats reports whether a parameter that dst takes once was sent more than once: only its first
// value would filter.
func repeats(dst any, values url.Values) bool {
	t := reflect.TypeOf(dst).Elem()
	for i := range t.NumField() {
		if field := t.Field(i); field.Type.Kind() != reflect.Slice && len(values[field.Tag.Get("form")]) > 1 {
			return true
		}
	}
	return false
}

// formMemory is how many bytes of an upload are held in memory; the rest goes to a temporary file,
// which dropUploads removes.
const formMemory = 4 << 20

func (c *Context) parseForm() error {
	if c.r.PostForm != nil {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	var err error
	switch kind {
	case "multipart/form-data":
		err = c.r.ParseMultipartForm(formMemory)
	case "application/x-www-form-urlencoded", "":
		err = c.r.ParseForm()
	default:
		return core.Invalid("提交的格式不受支持")
	}
	if err != nil {
		c.r.PostForm = url.Values{} // do not use half a form
	}
	return bodyError(err)
}

// BindJSON reads a JSON object into dst, a pointer to a struct with json tags and the form tags
// max, required and text. Unknown fields are ignored, so that newer mini-programs work with older
// servers.
func (c *Context) BindJSON(dst any) error {
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if kind != "application/json" {
		return core.Invalid("请求应为 JSON 格式")
	}
	body, err := c.Body()
	if err != nil {
		return err
	}
	if err := decodeJSON(body, dst); err != nil {
		return err
	}
	fields := map[string]string{}
	checkStruct(reflect.ValueOf(dst).Elem(), "json", fields)
	return core.InvalidFields(fields)
}

func decodeJSON(body []byte, dst any) error {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	if err := decoder.Decode(dst); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return core.InvalidFields(map[string]string{kind.Field: "格式不正确"})
		}
		var coded *core.Error // from an id's UnmarshalText
		if errors.As(err, &coded) {
			return core.Invalid(coded.Message)
		}
		return core.Invalid("请求不是有效的 JSON")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return core.Invalid("请求不是有效的 JSON")
	}
	return nil
}

func bindValues(dst any, values url.Values) error {
	fields := map[string]string{}
	v := reflect.ValueOf(dst).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("form")
		if name == "" {
			continue
		}
		if err := bindField(v.Field(i), v.Type().Field(i).Tag, values[name]); err != nil {
			fields[name] = err.Error()
		}
	}
	checkStruct(v, "form", fields)
	return core.InvalidFields(fields)
}

var (
	idType  = reflect.TypeFor[core.ID]()
	dayType = reflect.TypeFor[core.Day]()
)

func bindField(v reflect.Value, tag reflect.StructTag, given []string) error {
	if v.Kind() == reflect.Slice {
		return bindList(v, tag, given)
	}
	text := ""
	if len(given) > 0 {
		text = given[0]
	}
	return bindText(v, text)
}

func bindList(v reflect.Value, tag reflect.StructTag, given []string) error {
	if len(given) > tagNumber(tag, "max", maxList) {
		return fmt.Errorf("最多 %d 项", tagNumber(tag, "max", maxList))
	}
	list := reflect.MakeSlice(v.Type(), len(given), len(given))
	for i, text := range given {
		if err := bindText(list.Index(i), text); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// bindText parses one value. An empty text is the zero value; the required tag is checked
// elsewhere.
func bindText(v reflect.Value, text string) error {
	if v.Kind() == reflect.String {
		v.SetString(text) // cleaned and checked with the other texts
		return nil
	}
	if text = strings.TrimSpace(core.FoldFigures(text)); text == "" {
		v.SetZero()
		return nil
	}
	switch {
	case v.Type() == idType:
		var id core.ID
		if err := id.UnmarshalText([]byte(text)); err != nil { // forms write 0 for none
			return errors.New("选项不存在")
		}
		v.SetInt(int64(id))
	case v.Type() == dayType:
		day, err := core.ParseDay(text)
		if err != nil {
			return errors.New(core.MessageOf(err))
		}
		v.SetInt(int64(day))
	case v.Kind() == reflect.Bool:
		v.SetBool(text == "on" || text == "1" || text == "true")
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return errors.New("请填写整数")
		}
		v.SetInt(n)
	default:
		panic("web: a form field of type " + v.Type().String())
	}
	return nil
}

// checkStruct cleans every text of a struct and checks its tags. It adds messages to fields, keyed
// by the name in the nameTag tag.
func checkStruct(v reflect.Value, nameTag string, fields map[string]string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get(nameTag), ",")
		if name == "" || name == "-" || fields[name] != "" {
			continue
		}
		if err := checkField(v.Field(i), field.Tag); err != nil {
			fields[name] = err.Error()
		}
	}
}

func checkField(v reflect.Value, tag reflect.StructTag) error {
	rule := textRule{max: maxDefaultText, lines: tag.Get("text") == "lines", raw: tag.Get("text") == "raw"}
	switch {
	case v.Kind() == reflect.String:
		rule.max = tagNumber(tag, "max", maxDefaultText)
		if err := cleanValue(v, rule); err != nil {
			return err
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		for i := range v.Len() {
			if err := cleanValue(v.Index(i), rule); err != nil {
				return err
			}
		}
	}
	if known := tag.Get("of"); known != "" && v.Kind() == reflect.String && v.String() != "" &&
		!slices.Contains(strings.Fields(known), v.String()) {
		return errChoice
	}
	if choice, is := v.Interface().(interface{ Valid() bool }); is && !v.IsZero() && !choice.Valid() {
		return errChoice
	}
	if message := tag.Get("required"); message != "" && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
		return errors.New(message)
	}
	return nil
}

// errChoice is returned for a value that is not among those to choose from.
var errChoice = errors.New("请在列出的选项中选择")

// cleanValue cleans a text in place. A rejected text stays as far as a page can show it, so that
// the user's input is not lost.
func cleanValue(v reflect.Value, rule textRule) error {
	clean, err := cleanText(v.String(), rule)
	if err == nil {
		v.SetString(clean)
		return nil
	}
	v.SetString(showable(v.String(), rule))
	return err
}

func tagNumber(tag reflect.StructTag, name string, otherwise int) int {
	text := tag.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("web: a form's tag " + name + " is no number: " + text)
	}
	return n
}

// Form returns the posted form unchanged, for showing it again; empty if there is none.
func (c *Context) Form() url.Values {
	if err := c.parseForm(); err != nil {
		return url.Values{}
	}
	return c.r.PostForm
}
