package templates

import (
	"net/http"
	"strings"
)

// Problem is what a user sees when a page cannot be shown. The pages "console/error/show" and
// "h5/error/show" take ConsoleProblem and PhoneProblem.
type Problem struct {
	Status  int // 0 is not shown
	Icon    string
	Title   string
	Text    string // why, and what to do
	Request string // id of the request, to quote to support; empty shows nothing
	Actions []Action
	Kept    []Fact // what was typed into the form that failed, to be copied
}

// ConsoleProblem is the page "console/error/show". With a menu in Shell it is drawn inside the
// console, otherwise alone.
type ConsoleProblem struct {
	Shell
	Problem Problem
}

// PhoneProblem is the page "h5/error/show".
type PhoneProblem struct {
	Phone
	Problem Problem
}

// problemWords are what is said of a status: the cause as a heading, the cause in a sentence, and what to do.
type problemWords struct{ icon, title, cause, advice string }

var problems = map[int]problemWords{
	http.StatusBadRequest:       {"alert-circle", "请求有误", "这个请求的内容不完整或格式不对。", "请返回后重试。"},
	http.StatusUnauthorized:     {"login", "登录已过期", "较长时间未操作，或账号有变化。", "请重新登录。"},
	http.StatusForbidden:        {"lock", "没有权限", "您的账号不能查看或操作这里。", "如确有需要，请联系管理员开通。"},
	http.StatusNotFound:         {"search", "页面不存在", "可能已被删除，或不属于您管理的小区。", "请返回后重新查找。"},
	http.StatusMethodNotAllowed: {"alert-circle", "不支持此操作", "这个地址不支持此操作。", "请返回后重试。"},
	http.StatusConflict:         {"alert-circle", "不能办理", "现在的状态不允许这样做。", "请返回刷新后再试。"},
	http.StatusRequestEntityTooLarge: {
		"upload", "内容太大", "提交的内容或文件超过了上限。", "请缩小后重试。",
	},
	http.StatusUnprocessableEntity: {"alert-triangle", "填写有误", "提交的内容不符合要求。", "请返回修改后重试。"},
	http.StatusTooManyRequests:     {"hourglass", "操作太频繁", "短时间内操作太多。", "请稍等片刻再试。"},
	http.StatusServiceUnavailable:  {"hourglass", "暂时不能办理", "系统正忙或正在恢复。", "请稍后再试。"},
	http.StatusInternalServerError: {
		"alert-circle", "系统出错了", "问题已经记录下来。", "请稍后重试；若一直如此，请把下面的编号告诉管理员。",
	},
}

// NewProblem returns the Chinese text for an HTTP status; a status without a text has that of 500
// (or of 400, below 500). text, unless empty, replaces the cause: it must be written for users. If it does not
// say what to do, the status's advice follows it.
func NewProblem(status int, text string) Problem {
	words, ok := problems[status]
	if !ok {
		known := http.StatusInternalServerError
		if status < known {
			known = http.StatusBadRequest
		}
		words = problems[known]
	}
	p := Problem{Status: status, Icon: words.icon, Title: words.title, Text: words.cause + words.advice}
	if text != "" && text != words.title {
		if p.Text = strings.TrimSuffix(text, "。") + "。"; !strings.Contains(text, "请") {
			p.Text += words.advice
		}
	}
	return p
}
