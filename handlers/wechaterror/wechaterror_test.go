package wechaterror

import (
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
		{&wechat.Error{Code: -1}, http.StatusInternalServerError, "稍后再试", false},
		{&wechat.Error{Code: 40164}, http.StatusInternalServerError, "稍后再试", false},
		{errors.New("dial tcp"), http.StatusInternalServerError, "稍后再试", false},
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
