package core

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// WechatFile is a file by which WeChat or WeWork checks that the domain is ours 校验文件. It is served at the root.
type WechatFile struct {
	ID      ID
	Name    string // MP_verify_….txt
	Text    string
	Created time.Time
	Checked WechatCheck // of its public address
}

// MaxWechatFiles bounds the files of a deployment; MaxWechatFileName and MaxWechatFileText what is typed, in characters.
const (
	MaxWechatFiles    = 50
	MaxWechatFileName = 64
	MaxWechatFileText = 128
	minWechatFileText = 8
)

// The names and contents that the platform gives its files. Nothing else is served: no robots.txt, no page.
var (
	wechatFileName = regexp.MustCompile(`^((MP|WW)_verify_[0-9A-Za-z]{8,40}|[0-9A-Za-z]{10,40})\.txt$`)
	wechatFileText = regexp.MustCompile(fmt.Sprintf(`^[0-9A-Za-z_-]{%d,%d}$`, minWechatFileText, MaxWechatFileText))
)

// IsWechatFileName reports whether a name is one that the platform gives its files.
func IsWechatFileName(name string) bool { return wechatFileName.MatchString(name) }

// WechatFileKind returns for which kind of account the platform gives a file of a name.
func WechatFileKind(name string) WechatAppKind {
	switch {
	case strings.HasPrefix(name, "MP_"):
		return WechatOfficial
	case strings.HasPrefix(name, "WW_"):
		return WechatWork
	}
	return WechatMini
}

// Trimmed returns the file with its texts cleaned.
func (f WechatFile) Trimmed() WechatFile {
	f.Name, f.Text = Clean(f.Name), Clean(f.Text)
	return f
}

// Check returns an Invalid error that names the wrong fields of a Trimmed file.
func (f WechatFile) Check() error {
	fields := map[string]string{}
	if !IsWechatFileName(f.Name) {
		fields["name"] = "请照下载的文件名填写，如 MP_verify_AbCd1234EfGh5678.txt"
	}
	if !wechatFileText.MatchString(f.Text) {
		fields["text"] = fmt.Sprintf("请照文件里的内容填写：%d 至 %d 个字母、数字、- 或 _", minWechatFileText, MaxWechatFileText)
	}
	return InvalidFields(fields)
}

// wechatFileFields label what the audit log records of a file.
var wechatFileFields = []AuditField{
	{Key: "name", Label: "文件名"},
	{Key: "text", Label: "内容"},
}
