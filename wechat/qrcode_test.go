package wechat

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTemporaryCode(t *testing.T) {
	const path = "/cgi-bin/qrcode/create"
	p := newPlatform(t)
	a := p.official(Options{})
	p.says(path, `{"ticket":"gQ==&1","expire_seconds":600,"url":"http://weixin.qq.com/q/abc"}`)
	code, err := a.TemporaryCode(t.Context(), "bind_<&>", 10*time.Minute)
	if err != nil || code != (SceneCode{Ticket: "gQ==&1", Expires: 600, URL: "http://weixin.qq.com/q/abc"}) {
		t.Errorf("%+v, %v", code, err)
	}
	want := map[string]any{
		"expire_seconds": 600.0, "action_name": "QR_STR_SCENE",
		"action_info": map[string]any{"scene": map[string]any{"scene_str": "bind_<&>"}},
	}
	if got := p.requests(path)[0].body; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked %v", got)
	}
	if got := a.PictureURL(code); got != p.server.URL+"/mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%3D%3D%261" {
		t.Errorf("the picture is at %s", got)
	}
	for _, c := range []struct {
		scene string
		life  time.Duration
		ok    bool
	}{
		{strings.Repeat("x", 64), sceneLife, true}, {"x", time.Second, true},
		{"", time.Minute, false}, {strings.Repeat("x", 65), time.Minute, false}, {"x", 0, false}, {"x", -time.Minute, false},
		{"x", time.Second - 1, false}, {"x", sceneLife + time.Second, false},
	} {
		asked := len(p.requests(path))
		if _, err := a.TemporaryCode(t.Context(), c.scene, c.life); (err == nil) != c.ok || (len(p.requests(path)) > asked) != c.ok {
			t.Errorf("%d characters for %s: %v", len(c.scene), c.life, err)
		}
	}
	p.says(path, `{"ticket":"x"}`)
	if _, err := a.TemporaryCode(t.Context(), "x", time.Minute); err == nil {
		t.Error("a code without what it holds")
	}
}
