package wechaterror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/wechat"
)

func TestForPeople(t *testing.T) {
	said := core.Conflict("还没有配置小程序")
	for _, c := range []struct {
		err    error
		status int
		says   string
		field  bool
	}{
		{&wechat.Error{Code: 40029, Msg: "invalid code"}, http.StatusUnprocessableEntity, "重新打开", true},
		{&wechat.Error{Code: 40163}, http.StatusUnprocessableEntity, "重新打开", true},
		{&wechat.Error{Code: 40013}, http.StatusUnprocessableEntity, "重新打开", true},
		{fmt.Errorf("wrapped: %w", wechat.ErrForeignPhone), http.StatusUnprocessableEntity, "大陆或港澳台手机号", false},
		{wechat.ErrSnapshot, http.StatusForbidden, "使用完整服务", false},
		{&wechat.Error{Code: 40226}, http.StatusForbidden, "有风险", false},
		{&wechat.Error{Code: -1}, http.StatusServiceUnavailable, "没有应答，请稍后再试", false},
		{&wechat.Error{Code: -1, HTTP: 502}, http.StatusServiceUnavailable, "没有应答，请稍后再试", false},
		{errors.New("dial tcp"), http.StatusServiceUnavailable, "没有应答，请稍后再试", false},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "没有应答，请稍后再试", false},
		{&wechat.Error{Code: 45009}, http.StatusServiceUnavailable, "明天再试", false},
		{&wechat.Error{Code: 40164}, http.StatusServiceUnavailable, "物业检查账号的密钥", false},
		{&wechat.Error{Code: 40125}, http.StatusServiceUnavailable, "物业检查账号的密钥", false},
		{&wechat.Error{Code: 48001}, http.StatusServiceUnavailable, "物业检查账号的密钥", false},
		{&wechat.CorpProblem{Err: &wechat.Error{Code: 60020}}, http.StatusServiceUnavailable, "物业检查账号的密钥", false},
		{said, http.StatusConflict, "还没有配置", false},
	} {
		got := ForPeople(c.err)
		var coded *core.Error
		if !errors.As(got, &coded) || !errors.Is(got, c.err) || web.StatusOf(got) != c.status ||
			!strings.Contains(core.MessageOf(got), c.says) || (coded.Fields["code"] != "") != c.field {
			t.Errorf("%v becomes %d %v", c.err, web.StatusOf(got), got)
		}
		if strings.Contains(core.MessageOf(got), "dial") || strings.Contains(core.MessageOf(got), "40") {
			t.Errorf("people read %q", core.MessageOf(got))
		}
	}
	if ForPeople(nil) != nil {
		t.Error("nothing is an error")
	}
}

// A member of the property company is not sent to it, is not told to wait for tomorrow, and is not sent to the page again for what
// settings cause.
func TestForMembers(t *testing.T) {
	said := core.Conflict("企业微信没有接入")
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{&wechat.Error{Code: 40029}, http.StatusUnprocessableEntity, "重新打开"},
		{&wechat.Error{Code: 40013}, http.StatusServiceUnavailable, "企业微信的接入设置有误，请联系管理员"},
		{&wechat.Error{Code: 40001}, http.StatusServiceUnavailable, "企业微信的接入设置有误，请联系管理员"},
		{&wechat.Error{Code: 60020}, http.StatusServiceUnavailable, "企业微信的接入设置有误，请联系管理员"},
		{&wechat.Error{Code: 45009}, http.StatusServiceUnavailable, "请几分钟后再试"},
		{&wechat.Error{Code: -1, HTTP: 502}, http.StatusServiceUnavailable, "企业微信暂时没有应答"},
		{errors.New("dial tcp"), http.StatusServiceUnavailable, "企业微信暂时没有应答"},
		{said, http.StatusConflict, "没有接入"},
	} {
		got := ForMembers(c.err)
		if !errors.Is(got, c.err) || web.StatusOf(got) != c.status || !strings.Contains(core.MessageOf(got), c.says) {
			t.Errorf("%v becomes %d %v", c.err, web.StatusOf(got), got)
		}
		if text := core.MessageOf(got); strings.Contains(text, "明天") || strings.Contains(text, "联系物业") {
			t.Errorf("a member reads %q", text)
		}
	}
	if ForMembers(nil) != nil {
		t.Error("nothing is an error")
	}
}

// Each part of a company's settings that is wrong leads to the place where it is mended.
func TestForSetupOfACompany(t *testing.T) {
	for _, c := range []struct {
		part wechat.CorpPart
		err  error
		says string
	}{
		{wechat.CorpPartApp, &wechat.Error{Code: 40013}, "企业 ID 不正确"},
		{wechat.CorpPartApp, &wechat.Error{Code: 40001}, "应用 Secret 不正确"},
		{wechat.CorpPartApp, &wechat.Error{
			Code: 60020, Msg: "not allow to access from your ip, hint: [1], from ip: 203.0.113.9, more info at …",
		}, "203.0.113.9 不在企业可信 IP"},
		{wechat.CorpPartAgent, &wechat.Error{Code: 301002}, "AgentId"},
		{wechat.CorpPartRange, &wechat.Error{Code: 60011}, "可见范围"},
		{wechat.CorpPartContact, &wechat.Error{Code: 40001}, "通讯录 Secret 不正确"},
		{wechat.CorpPartContact, &wechat.Error{Code: 60020}, "通讯录同步”的“企业可信IP"},
		{wechat.CorpPartContact, &wechat.Error{Code: 48002}, "填的是应用的 Secret"},
		{wechat.CorpPartContact, &wechat.Error{Code: 45009}, "一小时后恢复"},
		{wechat.CorpPartRange, &wechat.Error{Code: 99999}, "99999"},
		{wechat.CorpPartApp, &wechat.Error{Code: -1, HTTP: 502}, "连接不上企业微信"},
		{wechat.CorpPartApp, errors.New("dial tcp"), "连接不上企业微信"},
		{wechat.CorpPartApp, fmt.Errorf("dial: %w", context.DeadlineExceeded), "没有及时答复"},
	} {
		if got := ForSetup(&wechat.CorpProblem{Part: c.part, Err: c.err}); !strings.Contains(got, c.says) || strings.Contains(got, "dial") {
			t.Errorf("%s %v: %q", c.part, c.err, got)
		}
	}
}

// Of an account, too: what cannot be reached, a secret that was reset, and an account that nobody asked about.
func TestForSetupOfAnAccount(t *testing.T) {
	for _, c := range []struct {
		err  error
		says string
	}{
		{&wechat.Error{Code: 40125}, "AppSecret 不正确"}, {&wechat.Error{Code: 40001}, "AppSecret 不正确"},
		{&wechat.Error{Code: 40164, Msg: "invalid ip 203.0.113.9 ipv6 …"}, "203.0.113.9 不在 IP 白名单"},
		{&wechat.Error{Code: -1, HTTP: 502}, "连接不上微信"}, {errors.New("dial tcp"), "连接不上微信"},
		{fmt.Errorf("dial: %w", context.DeadlineExceeded), "没有及时答复"},
		{&wechat.Error{Code: 99999}, "99999"}, {core.Conflict("账号没有在使用，没有检查"), "没有在使用"},
	} {
		if got := ForSetup(c.err); !strings.Contains(got, c.says) || strings.Contains(got, "dial") || strings.Contains(got, "-1") {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}

// What WeChat may have done is not said to be refused.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		err  error
		says string
	}{
		{&wechat.Error{Code: -1, HTTP: 502}, "可能已生效"}, {errors.New("timeout"), "可能已生效"},
		{&wechat.Error{Code: 45157}, "微信没有接受：已有同名的标签"}, {core.Conflict("x"), "微信没有接受：已有同名的标签"},
	} {
		if got := Refused(c.err, "已有同名的标签"); !strings.Contains(got, c.says) {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}
