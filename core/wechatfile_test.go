package core

import (
	"errors"
	"strings"
	"testing"
)

func TestWechatFileCheck(t *testing.T) {
	for _, name := range []string{
		"robots.txt", "MP_verify_.txt", "MP_verify_Ab12Cd34.html", "../MP_verify_Ab12Cd34.txt", "MP_verify_Ab12Cd34.txt/",
		"MP_verify_Ab12Cd34.txt\nx", "", "index.html", "XX_verify_Ab12Cd34.txt", "MP_verify_Ab12%2fCd34.txt",
	} {
		if IsWechatFileName(name) {
			t.Errorf("%q is a name", name)
		}
	}
	for _, name := range []string{"MP_verify_AbCd1234EfGh5678.txt", "WW_verify_AbCd1234EfGh5678.txt", "8Kq3ZmTn0a.txt"} {
		if err := (WechatFile{Name: " " + name + " ", Text: "AbCd1234EfGh5678\n"}).Trimmed().Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "short", "<script>alert(1)</script>", strings.Repeat("a", 129), "有中文的内容呢是吧"} {
		err := WechatFile{Name: "8Kq3ZmTn0a.txt", Text: text}.Trimmed().Check()
		var e *Error
		if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields["text"] == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A file says by its name which kind of account it is for.
func TestWechatFileKind(t *testing.T) {
	for name, want := range map[string]WechatAppKind{
		"MP_verify_AbCd1234EfGh5678.txt": WechatOfficial, "WW_verify_AbCd1234EfGh5678.txt": WechatWork, "AbCd1234Ef.txt": WechatMini,
	} {
		if got := WechatFileKind(name); got != want || !IsWechatFileName(name) {
			t.Errorf("%s is for %s, want %s", name, got, want)
		}
	}
}
