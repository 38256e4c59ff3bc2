package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"path"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/sheet"
)

// UploadRule is what a file field accepts: one file, of certain kinds, up to a size. The route
// needs a Body of UploadBody(MaxBytes).
type UploadRule struct {
	Field    string
	Kinds    []sheet.Kind
	MaxBytes int64
}

// UploadBody returns the Body of a route whose form has a file of up to most bytes. It allows more
// than that: a file that is slightly too large then gets a message at its field, while only a body
// beyond this limit is cut off with an error page.
func UploadBody(maxBytes int64) int64 { return 4*maxBytes + 1<<20 }

// Upload is a posted file that satisfies its rule.
type Upload struct {
	Field   string
	Name    string // as sent by the browser; for display only
	Kind    sheet.Kind
	Content []byte
}

// HasUpload reports whether a form has a file in a field: an empty input sends a file without name
// and content.
func (c *Context) HasUpload(field string) bool { return len(c.files(field)) > 0 }

// UploadedName returns the name of the file that a form has in a field, for display; "" = there is none.
func (c *Context) UploadedName(field string) string {
	if given := c.files(field); len(given) > 0 {
		return uploadName(given[0].Filename)
	}
	return ""
}

func (c *Context) files(field string) []*multipart.FileHeader {
	if c.parseForm() != nil || c.r.MultipartForm == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.r.MultipartForm.File[field]), func(f *multipart.FileHeader) bool {
		return f.Filename == "" && f.Size == 0
	})
}

// Upload reads the file of a form's field. If it breaks the rule, the result is an Invalid error
// with a message for the field that includes the file's name.
func (c *Context) Upload(rule UploadRule) (Upload, error) {
	if err := c.parseForm(); err != nil {
		return Upload{}, err
	}
	given := c.files(rule.Field)
	switch len(given) {
	case 0:
		return Upload{}, fieldError(rule.Field, "请选择文件")
	case 1:
	default:
		return Upload{}, fieldError(rule.Field, "只能上传一个文件")
	}
	u := Upload{Field: rule.Field, Name: uploadName(given[0].Filename)}
	if given[0].Size > rule.MaxBytes {
		return u, fieldError(rule.Field, fmt.Sprintf("文件有 %s，最大 %s", SizeLabel(given[0].Size), SizeLabel(rule.MaxBytes)))
	}
	var err error
	if u.Content, err = readPart(given[0], rule.MaxBytes); err != nil {
		return u, bodyError(err)
	}
	u.Kind = sheet.KindOf(u.Content)
	return u, rule.check(u, ending(given[0].Filename))
}

// ending returns a file name's extension in lower case, without the dot.
func ending(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// Picture reads the one file of a form's field, of at most most bytes, whatever it is: see photo.Make.
func (c *Context) Picture(field string, most int64) ([]byte, error) {
	if err := c.parseForm(); err != nil {
		return nil, err
	}
	given := c.files(field)
	switch {
	case len(given) == 0:
		return nil, fieldError(field, "请选择图片")
	case len(given) > 1:
		return nil, fieldError(field, "一次只能上传一张图片")
	case given[0].Size > most:
		return nil, fieldError(field, fmt.Sprintf("图片有 %s，最大 %s", SizeLabel(given[0].Size), SizeLabel(most)))
	}
	content, err := readPart(given[0], most)
	return content, bodyError(err)
}

func readPart(header *multipart.FileHeader, maxBytes int64) ([]byte, error) {
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxBytes))
}

// uploadName returns the file name sent by a browser, made safe for display.
func uploadName(given string) string {
	name, err := cleanText(given, textRule{max: maxDefaultText})
	if err != nil || name == "" {
		return "文件"
	}
	return name
}

// check returns what is wrong with a file that has the given extension.
func (rule UploadRule) check(u Upload, ending string) error {
	var endings []string
	for _, kind := range rule.Kinds {
		if endings = append(endings, kind.Endings()...); kind == sheet.Old {
			endings = append(endings, "xls")
		}
	}
	only := "只支持 " + strings.Join(endings, "、") + " 文件"
	switch {
	case len(bytes.TrimSpace(u.Content)) == 0:
		return fieldError(rule.Field, "文件是空的")
	case u.Kind == sheet.Old && slices.Contains(rule.Kinds, sheet.Old):
		return nil // its reader judges by the content alone
	case u.Kind == sheet.Old && slices.Contains(rule.Kinds, sheet.Workbook):
		return fieldError(rule.Field, "这是旧版 Excel（xls）或设了密码的表格，请另存为不带密码的 xlsx")
	case !slices.Contains(endings, ending):
		return fieldError(rule.Field, only)
	case u.Kind != sheet.Workbook && slices.Contains(sheet.Workbook.Endings(), ending):
		return fieldError(rule.Field, "这不是有效的 Excel 文件，请用 Excel 或 WPS 打开后另存为 xlsx")
	case !slices.Contains(rule.Kinds, u.Kind):
		return fieldError(rule.Field, only+"，这个文件的内容不是")
	}
	return nil
}

// Table reads a file as a table of at most max rows: see sheet.Read. Errors have a message for the
// file's field: Invalid, or 429 if too many workbooks are being read at the moment.
func (c *Context) Table(u Upload, max int) (sheet.Table, error) {
	t, err := sheet.Read(c.Ctx(), u.Kind, u.Content, max)
	switch {
	case err == nil:
	case errors.Is(err, sheet.ErrBusy):
		return t, &core.Error{Code: codeLimited, Message: sheet.ErrBusy.Error(), Fields: map[string]string{u.Field: sheet.ErrBusy.Error()}}
	case core.IsInvalid(err):
		return t, fieldError(u.Field, core.MessageOf(err))
	}
	return t, err
}

func fieldError(field, message string) error {
	return core.InvalidFields(map[string]string{field: message})
}

// SizeLabel formats a number of bytes: 900 B, 12 KB, 1.5 MB.
func SizeLabel(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KB", (n+1<<10-1)>>10)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0") + " MB"
}

// dropUploads removes the temporary files of a form. net/http removes only those of its own
// request, of which ours is a copy.
func (c *Context) dropUploads() {
	if c.r.MultipartForm != nil {
		_ = c.r.MultipartForm.RemoveAll() // leftovers are cleaned by the system: nothing depends on it
	}
}
