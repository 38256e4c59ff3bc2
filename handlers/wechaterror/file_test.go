package wechaterror

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"tongxing/wechat"
)

// What is wrong with a verification file is said with what to do about it.
func TestFileProblem(t *testing.T) {
	of := func(err error) error { return &wechat.FileFault{Err: &url.Error{Op: "Get", URL: "x", Err: err}} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{&wechat.FileFault{Status: 301, To: "https://www.example.com/x?token=1"}, "跳转到 https://www.example.com/x ，平台不会跟着跳转"},
		{&wechat.FileFault{Status: 302}, "跳转到别处"},
		{&wechat.FileFault{Status: 404}, "打开是 404"},
		{&wechat.FileFault{Status: 502}, "应答 502"},
		{&wechat.FileFault{Status: 200, Err: wechat.ErrOtherFile}, "打开的内容不是这个文件"},
		{&wechat.FileFault{Status: 200, Err: errors.New("cut")}, "内容没有读完"},
		{of(&net.DNSError{IsNotFound: true}), "域名没有解析"},
		{of(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), "证书不受信任"},
		{of(context.DeadlineExceeded), "几秒内没有应答"},
		{of(errors.New("refused")), "连不上"},
		{errors.New("anything else"), "没有核对成"},
	} {
		got := FileProblem(c.err)
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") || strings.Contains(got, "token") {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
		if n := len([]rune(got)); n > 200 {
			t.Errorf("%v: %d characters are too many to keep", c.err, n)
		}
	}
}
