package core

import "strings"

// agentNames map User-Agent tokens to the names people know, specific before general: nearly every
// browser also calls itself Safari.
var (
	browserNames = [][2]string{
		{"wxwork", "企业微信"}, {"MicroMessenger", "微信"}, {"DingTalk", "钉钉"}, {"Edg", "Edge"}, {"Firefox", "Firefox"}, {"OPR", "Opera"},
		{"QQBrowser", "QQ 浏览器"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
	}
	systemNames = [][2]string{
		{"OpenHarmony", "鸿蒙"}, {"HarmonyOS", "鸿蒙"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "Mac"}, {"Linux", "Linux"},
	}
)

// AgentLabel returns the names of the browser and the system of a User-Agent: "Chrome · Windows".
func AgentLabel(agent string) string {
	known := func(names [][2]string) string {
		for _, name := range names {
			if strings.Contains(agent, name[0]) {
				return name[1]
			}
		}
		return ""
	}
	browser, system := known(browserNames), known(systemNames)
	switch {
	case browser == "" && system == "":
		return "其他"
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " · " + system
}
