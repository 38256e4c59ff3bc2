package wechaterror

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"tongxing/wechat"
)

// FileProblem returns in words why a verification file is not answered at its public address, and what to do; "" = it is.
func FileProblem(err error) string {
	var fault *wechat.FileFault
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &fault):
		return "没有核对成，请稍后再试。"
	case fault.Status/100 == http.StatusMultipleChoices/100:
		return "这个地址跳转到" + movedTo(fault.To) + "，平台不会跟着跳转。请让它直接打开文件。"
	case fault.Status == http.StatusNotFound:
		return "打开是 404：域名前面的网站没有把它转给本系统。请检查反向代理的设置。"
	case errors.Is(err, wechat.ErrOtherFile):
		return "打开的内容不是这个文件，可能是另一个网站的页面。请检查域名和反向代理的设置。"
	case fault.Status == http.StatusOK:
		return "内容没有读完，请稍后再试。"
	case fault.Status != 0:
		return fmt.Sprintf("打开时应答 %d。请检查域名前面的网站和反向代理。", fault.Status)
	}
	return unreachable(err)
}

// movedTo names where an answer redirects to: its host and path, without what may be personal.
func movedTo(to string) string {
	u, err := url.Parse(to)
	if err != nil || to == "" {
		return "别处"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return " " + u.String() + " "
}

// unreachable says why there was no answer. A server behind a router may be unable to reach its own public address.
func unreachable(err error) string {
	const own = "有的网络里服务器打不开自己的公网地址，也可以用手机打开文件核对。"
	var name *net.DNSError
	var bad *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name) && !name.IsTimeout:
		return "域名没有解析。请先把域名解析到服务器。"
	case errors.As(err, &bad):
		return "证书不受信任、过期，或不是这个域名的。请更换证书。"
	case errors.Is(err, context.DeadlineExceeded):
		return "几秒内没有应答。请检查域名解析、防火墙和端口。" + own
	}
	return "连不上。请检查域名解析、防火墙和端口。" + own
}
