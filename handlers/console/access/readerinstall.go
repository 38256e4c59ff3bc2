package access

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerBase is where devices reach the program.
func (p *Pages) readerBase(c *web.Context) *url.URL {
	if base, err := url.Parse(p.PublicURL); err == nil && base.Host != "" {
		return base
	}
	return &url.URL{Scheme: "http", Host: c.Request().Host}
}

// readerFacts are what the console knows of a reader.
func readerFacts(r core.Reader, community string, nodes []string, now time.Time) []templates.Fact {
	scope := "全小区"
	if len(nodes) > 0 {
		scope = strings.Join(nodes, "、")
	}
	var kinds []string
	for _, k := range r.Kinds {
		kinds = append(kinds, k.Words())
	}
	facts := []templates.Fact{
		{Label: "状态", Badge: readerBadge(r, now)},
		{Label: "小区", Value: community},
		{Label: "所在的门", Value: r.Gate},
		{Label: "方向", Value: frame.DirectionWords(r.Direction)},
		{Label: "协议", Value: core.ProtocolWords(r.Protocol)},
		{Label: "服务范围", Value: scope},
		{Label: "接受的通行证", Value: strings.Join(kinds, "、")},
		{Label: "门禁二维码", Badge: frame.OnOff(r.QRAllowed, "开", "关")},
		{Label: "测温", Badge: frame.OnOff(r.Thermometer, "有", "无")},
		{Label: "固件版本", Value: r.Firmware},
	}
	if r.Protocol == core.ProtocolMcardsea && !r.LastSeen.IsZero() {
		clock := templates.Badge{Tone: templates.Good, Text: "与服务器一致"}
		if r.Skew.Abs() > gate.SkewWarning {
			clock = templates.Badge{Tone: templates.Warn, Text: skewWords(r.Skew)}
		}
		facts = append(facts, templates.Fact{Label: "设备时钟", Badge: clock})
	}
	return facts
}

func skewWords(skew time.Duration) string {
	way := "快"
	if skew < 0 {
		way = "慢"
	}
	switch skew = skew.Abs(); {
	case skew >= 48*time.Hour:
		return fmt.Sprintf("%s %d 天以上", way, int(skew.Hours()/24))
	case skew >= 2*time.Hour:
		return fmt.Sprintf("%s %d 小时", way, int(skew.Hours()))
	}
	return fmt.Sprintf("%s %d 分钟", way, int(skew.Minutes()))
}

// readerSuffix is the path that a family's devices expect behind the secret.
func readerSuffix(protocol string) string {
	if protocol == core.ProtocolMcardsea {
		return "/qa/mcardsea.php"
	}
	return ""
}

// hiddenSecret stands for a secret that was not asked for.
const hiddenSecret = "••••••••"

// readerPathOf is the path of the device's URL.
func readerPathOf(r core.Reader, secret string) string {
	return "/door/" + r.Protocol + "/" + secret + readerSuffix(r.Protocol)
}

// readerSettings is exactly what the installer types into the device. base is
// where devices reach the program; secret "" shows the address without it.
func readerSettings(r core.Reader, base *url.URL, secret string) []templates.Fact {
	shown := secret != ""
	if !shown {
		secret = hiddenSecret
	}
	port := base.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[base.Scheme]
	}
	if port == "" {
		port = "80"
	}
	origin := base.Scheme + "://" + base.Host
	facts := []templates.Fact{
		{Label: "完整地址", Value: origin + readerPathOf(r, secret), Code: true, Copy: shown},
		{Label: "主机", Value: base.Hostname(), Code: true, Copy: true},
		{Label: "端口", Value: port, Code: true},
		{Label: "路径", Value: readerPathOf(r, secret), Code: true, Copy: shown},
	}
	if r.Protocol == core.ProtocolMcardsea {
		return append(facts,
			templates.Fact{Label: "请求方式", Value: "GET（或 POST）"},
			templates.Fact{Label: "设备序列号", Value: r.Serial, Code: true, Copy: true},
			templates.Fact{Label: "重复上报", Value: "同一个码 5 秒内的重复上报只算一次，无需关闭"},
			templates.Fact{Label: "校时", Value: "跟随服务器应答，设备时差超过 1 分钟会自动校正"},
		)
	}
	return append(facts,
		templates.Fact{Label: "工作模式", Value: "HTTP 协议模式（HTTP POST）"},
		templates.Fact{Label: "设备号", Value: r.Serial, Code: true, Copy: true},
		templates.Fact{Label: "心跳内容", Value: r.HeartbeatText, Code: true, Copy: true},
		templates.Fact{Label: "心跳间隔", Value: strconv.Itoa(r.HeartbeatSeconds) + " 秒"},
		templates.Fact{Label: "超时", Value: "2 秒"},
		templates.Fact{Label: "放行应答", Value: "code=0000", Code: true},
		templates.Fact{Label: "拒绝应答", Value: "code=" + r.DenyCode, Code: true},
	)
}

// readerInsecure warns where the address is not fit for a device.
func readerInsecure(base *url.URL) string {
	switch {
	case base.Scheme == "https":
		return "地址是 HTTPS：请先确认这款读头支持 HTTPS；不支持的，请在内网为读头另设一个 HTTP 入口，主机与端口以那个入口为准。"
	case base.Hostname() == "localhost" || strings.HasPrefix(base.Hostname(), "127."):
		return "这是只有本机能访问的地址：正式使用前请在配置里设置对外地址（http.public_url）。"
	}
	return "HTTP 不加密：能冒充服务器应答的人就能开门。读头与服务器之间请走专用网络或 VPN，不要经过公共 Wi-Fi。"
}

func readerSteps(r core.Reader) []string {
	if r.Protocol == core.ProtocolMcardsea {
		return []string{
			"给设备设固定 IP，或在路由器上绑定，并确认它能访问上面的主机与端口。",
			"把主机、端口、路径填进设备；设备自带路径后缀（.php、.asp 等）保持默认即可。",
			"核对设备标签上的序列号与上表一致，一个字符也不能差。",
			"修改设备网页后台的默认密码，关闭不用的接口。",
			"继电器接常闭还是常开按锁的类型定；消防联动与出门按钮必须不经过本系统也能开门。",
		}
	}
	return []string{
		"用厂家配置工具把工作模式设为“HTTP 协议模式”，填入完整地址与设备号。",
		"打开心跳，内容与间隔照上表填；间隔不得小于 30 秒。",
		"修改配置二维码的密码（com_passwd），出厂默认密码是公开的：不改，任何人给读头看一张图就能改走它的服务器地址。",
		"能关闭“二维码配置”的，安装完就关闭；同时修改设备的管理密码。",
		"确认“成功”应答才驱动继电器，失败只鸣叫；消防联动与出门按钮必须不经过本系统也能开门。",
	}
}

func readerTrial(r core.Reader) []string {
	trial := []string{
		"用一张随便的二维码（比如商品码）试刷：读头应提示失败，门不开。若门开了，立即断开继电器并更换拒绝码。",
		"用住户手机上的通行码试刷：门应打开，“出入记录”里出现一条放行。",
		"同一个码再刷一次：应被拒绝。",
		"拔掉读头的网线再刷：门不开。",
	}
	if r.Protocol == core.ProtocolVguang {
		trial = append(trial, "把心跳内容做成二维码试刷：门不能开。")
	}
	return trial
}
