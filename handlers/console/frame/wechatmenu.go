package frame

import (
	"tongxing/core"
	"tongxing/wechat"
)

// MenuButtons returns WeChat's buttons as ours. What a press answers is not WeChat's to know.
func MenuButtons(buttons []wechat.Button) (out []core.MenuButton) {
	for _, b := range buttons {
		own := core.MenuButton{
			Kind: core.MenuButtonKind(b.Kind), Name: b.Name, URL: b.URL, Mini: b.Mini.AppID, Path: b.Mini.Path, Sub: MenuButtons(b.Sub),
		}
		if b.Kind == wechat.ButtonGroup || len(b.Sub) > 0 {
			own.Kind = core.ButtonGroup
		}
		out = append(out, own)
	}
	return out
}
