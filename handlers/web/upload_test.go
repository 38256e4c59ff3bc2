package web

import (
	"archive/zip"
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"tongxing/sheet"
)

// sentFile is a file in a form.
type sentFile struct {
	field, name string
	content     []byte
}

// multipartBody is a form with files, and its content type.
func multipartBody(t testing.TB, values map[string]string, files ...sentFile) (body []byte, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("same-each-time"); err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		part, err := w.CreateFormFile(file.field, file.name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(file.content) // writes to memory
	}
	w.Close()
	return b.Bytes(), w.FormDataContentType()
}

func upload(t testing.TB, rule UploadRule, files ...sentFile) (Upload, error) {
	t.Helper()
	body, kind := multipartBody(t, nil, files...)
	r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return (&Context{r: r}).Upload(rule)
}

// workbook returns an .xlsx file whose first sheet contains rows.
func workbook(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		part, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(content) // writes to memory
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encoded(t testing.TB, text string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var lists = UploadRule{Field: "list", Kinds: []sheet.Kind{sheet.Text, sheet.Workbook}, MaxBytes: 1 << 16}

func TestUpload(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []sentFile
		kind  sheet.Kind
		wrong string
	}{
		{"text", []sentFile{{"list", "名单.txt", []byte("3-2-501\n")}}, sheet.Text, ""},
		{"a name in capitals", []sentFile{{"list", "名单.TXT", []byte("3-2-501\n")}}, sheet.Text, ""},
		{"a program", []sentFile{{"list", "名单.exe", []byte("3-2-501\n")}}, sheet.Text, "只支持 txt、csv、xlsx 文件"},
		{
			"a workbook named as a program", []sentFile{{"list", "名单.xlsx.exe", workbook(t, []any{"1"})}},
			sheet.Workbook, "只支持 txt、csv、xlsx 文件",
		},
		{"no ending", []sentFile{{"list", "名单", []byte("3-2-501\n")}}, sheet.Text, "只支持 txt、csv、xlsx 文件"},
		{
			"text named as a workbook", []sentFile{{"list", "名单.xlsx", []byte("3-2-501\n")}}, sheet.Text,
			"这不是有效的 Excel 文件，请用 Excel 或 WPS 打开后另存为 xlsx",
		},
		{
			"old Excel by its own name",
			[]sentFile{{"list", "名单.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...")}}, sheet.Old,
			"这是旧版 Excel（xls）或设了密码的表格，请另存为不带密码的 xlsx",
		},
		{"sheet", []sentFile{{"list", "名单.xlsx", workbook(t, []any{"1"})}}, sheet.Workbook, ""},
		{"sheet named as text", []sentFile{{"list", "名单.txt", workbook(t, []any{"1"})}}, sheet.Workbook, ""},
		{"none", nil, "", "请选择文件"},
		{"an input left empty", []sentFile{{"list", "", nil}}, "", "请选择文件"},
		{"of another field", []sentFile{{"other", "名单.txt", []byte("x")}}, "", "请选择文件"},
		{"two", []sentFile{{"list", "a.txt", []byte("x")}, {"list", "b.txt", []byte("y")}}, "", "只能上传一个文件"},
		{"empty", []sentFile{{"list", "名单.txt", []byte(" \n")}}, sheet.Text, "文件是空的"},
		{"large", []sentFile{{"list", "名单.txt", bytes.Repeat([]byte("x"), 1<<16+1)}}, "", "文件有 65 KB，最大 64 KB"},
		{"picture", []sentFile{{"list", "名单.csv", []byte("\x89PNG\r\n\x1a\n\x00\x00")}}, "", "只支持 txt、csv、xlsx 文件，这个文件的内容不是"},
		{
			"zip", []sentFile{{"list", "名单.xlsx", zipped(t, map[string][]byte{"a.txt": nil})}}, "",
			"这不是有效的 Excel 文件，请用 Excel 或 WPS 打开后另存为 xlsx",
		},
		{
			"zip named as text", []sentFile{{"list", "名单.csv", zipped(t, map[string][]byte{"a.txt": nil})}}, "",
			"只支持 txt、csv、xlsx 文件，这个文件的内容不是",
		},
		{
			"old Excel", []sentFile{{"list", "名单.xlsx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...")}},
			sheet.Old, "这是旧版 Excel（xls）或设了密码的表格，请另存为不带密码的 xlsx",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := upload(t, lists, c.files...)
			if got := FieldsOf(err)["list"]; got != c.wrong || err != nil && got == "" {
				t.Errorf("wrong %q, want %q (%v)", got, c.wrong, err)
			}
			if u.Kind != c.kind || c.wrong == "" && (u.Name != c.files[0].name || !bytes.Equal(u.Content, c.files[0].content)) {
				t.Errorf("upload %q of kind %q", u.Name, u.Kind)
			}
		})
	}
	if u, err := upload(t, lists, sentFile{"list", "\u202etxt.csv", []byte("x")}); err != nil || u.Name != "txt.csv" {
		t.Errorf("a name that turns round is shown as %q (%v)", u.Name, err)
	}
}

// A file that cannot be read as a table gets a message at its field.
func TestUploadTable(t *testing.T) {
	u, err := upload(t, lists, sentFile{"list", "名单.csv", encoded(t, "楼栋,房号\n3栋,501\n")})
	if err != nil {
		t.Fatal(err)
	}
	c := &Context{r: httptest.NewRequest("POST", "/", nil)}
	if got, err := c.Table(u, 2); err != nil || len(got.Rows) != 2 || got.Rows[1][1] != "501" {
		t.Errorf("%q %v", got.Rows, err)
	}
	if _, err := c.Table(u, 1); FieldsOf(err)["list"] != "文件里超过 1 行，请分成几份上传" {
		t.Errorf("too many rows: %v", err)
	}
}

func TestSizeLabel(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KB", 1025: "2 KB", 1 << 20: "1 MB", 3 << 19: "1.5 MB",
		10 << 20: "10 MB",
	} {
		if got := SizeLabel(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
