package access

import (
	"net/netip"
	"net/url"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
)

// doorBase is where devices reach the program according to the configuration. The request's Host can be chosen by anybody: a device
// set to that name would send its secret there.
type doorBase struct {
	HTTP   *url.URL // nil = not configured
	Broker frame.Broker
}

func (p *Pages) readerBase() doorBase {
	base, err := url.Parse(p.PublicURL)
	if err != nil || base.Hostname() == "" {
		base = nil
	}
	return doorBase{base, p.Broker}
}

// hiddenSecret is shown instead of a secret that was not requested.
const hiddenSecret = "••••••••"

// readerPathOf returns the path of the device's URL.
func readerPathOf(r core.Reader, secret string) string {
	p, _ := gate.ProtocolOf(r.Protocol)
	return "/door/" + r.Protocol + "/" + secret + p.Suffix
}

// readerSettings returns exactly what the installer enters in the device. With secret "" the URL is shown without it.
func readerSettings(r core.Reader, at doorBase, secret string) []templates.Fact {
	shown := secret != ""
	if !shown {
		secret = hiddenSecret
	}
	if p, _ := gate.ProtocolOf(r.Protocol); p.Connected {
		return connectedSettings(p, r, at.Broker, secret, shown)
	}
	base, path := at.HTTP, readerPathOf(r, secret)
	facts := []templates.Fact{{Label: "完整地址", Value: "没有配置对外地址"}}
	if base != nil {
		facts = []templates.Fact{
			{Label: "完整地址", Value: base.Scheme + "://" + base.Host + path, Code: true, Copy: shown},
			{Label: "主机", Value: base.Hostname(), Code: true, Copy: true},
			{Label: "端口", Value: portOf(base), Code: true},
		}
	}
	facts = append(facts, templates.Fact{Label: "路径", Value: path, Code: true, Copy: shown})
	if p, ok := gate.ProtocolOf(r.Protocol); ok {
		for _, set := range p.Settings(r) {
			facts = append(facts, templates.Fact{Label: set.Label, Value: set.Value, Code: set.Code, Copy: set.Copy})
		}
	}
	return facts
}

// connectedSettings are those of a device that holds a connection to the broker.
func connectedSettings(p gate.Protocol, r core.Reader, at frame.Broker, secret string, shown bool) []templates.Fact {
	server := templates.Fact{Label: "MQTT 服务器", Value: "没有配置对外地址"}
	switch {
	case !at.On:
		server.Value = "没有启用"
	case at.Host != "":
		server = templates.Fact{Label: "MQTT 服务器", Value: at.Host, Code: true, Copy: true}
	}
	facts := []templates.Fact{server}
	if at.On {
		facts = append(facts, templates.Fact{Label: "端口", Value: at.Port, Code: true},
			templates.Fact{Label: "加密", Value: map[bool]string{true: "TLS", false: "不加密"}[at.TLS]})
	}
	facts = append(facts, templates.Fact{Label: "密码", Value: secret, Code: true, Copy: shown})
	for _, set := range p.Settings(r) {
		facts = append(facts, templates.Fact{Label: set.Label, Value: set.Value, Code: set.Code, Copy: set.Copy})
	}
	return facts
}

// portOf returns the port of a URL, which its scheme may imply.
func portOf(base *url.URL) string {
	switch {
	case base.Port() != "":
		return base.Port()
	case base.Scheme == "https":
		return "443"
	}
	return "80"
}

// localOnly reports whether a URL is unreachable for other machines.
func localOnly(base *url.URL) bool {
	ip, err := netip.ParseAddr(base.Hostname())
	return base.Hostname() == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// brokerOffText is why a device of a connected family cannot be installed.
const brokerOffText = "这个系统没有启用 MQTT 服务，设备连不上：请运维在配置里设置 broker.addr，重新启动后再装。"

// readerInsecure returns a warning if the URL is not suitable for a device.
func readerInsecure(r core.Reader, at doorBase) string {
	if p, _ := core.ReaderProtocolOf(r.Protocol); p.Connected {
		switch {
		case !at.Broker.On:
			return brokerOffText
		case at.Broker.Host == "":
			return "还没有配置对外地址，设备不知道连到哪里：请在配置里设置 broker.public_addr，重新启动后再看本页。"
		case at.Broker.TLS:
			return ""
		}
		return "设备的密码和开门指令都走这条连接：请给 MQTT 服务启用 TLS，或让设备与服务器之间走专用网络。"
	}
	base := at.HTTP
	switch {
	case base == nil:
		return "还没有配置对外地址，读头不知道连到哪里：请在配置里设置 http.public_url，重新启动后再看本页。"
	case base.Scheme == "https":
		return "地址是 HTTPS：请先确认这款读头支持 HTTPS；不支持的，请在内网为读头另设一个 HTTP 入口，主机与端口以那个入口为准。"
	case localOnly(base):
		return "这是只有本机能访问的地址：正式使用前请在配置里设置对外地址（http.public_url）。"
	}
	return "HTTP 不加密：能冒充服务器应答的人就能开门。读头与服务器之间请走专用网络或 VPN，不要经过公共 Wi-Fi。"
}

func readerSteps(r core.Reader) []string {
	p, _ := gate.ProtocolOf(r.Protocol)
	return p.Steps
}

func readerTrial(r core.Reader) []string {
	p, _ := gate.ProtocolOf(r.Protocol)
	return p.Trial
}
