package session

import (
	"strings"
	"testing"
)

func TestHandoffPath(t *testing.T) {
	p := newHandoffPath("/panel/external-login")
	for path, want := range map[string]string{
		"/panel/external-login": "same", "/panel/external-login/": "same", "/panel/external-login//": "same", "//panel//external-login": "same",
		"/./panel/./external-login/.": "same", "/x/../panel/y/../external-login": "same", "/panel/external-login;jsessionid=1": "same",
		"/panel;a=b/external-login": "same", "/panel/external-login. .": "same", "/panel/external-login/;x": "same",
		"/Panel/External-Login": "like", "/PANEL/EXTERNAL-LOGIN/": "like", "//panel/external-logi\u006e": "same",
		"/../panel/external-login": "same", "/a/b/../../panel/external-login": "same", "/panel/external-login/x/..": "same", "/..;x/panel/external-login": "same",
		`/panel\external-login`: "same", `/panel/external-login\`: "same", "/panel/external-login\x00.png": "same", "/.;x/panel/external-login": "same",
		"/panel/external-login" + strings.Repeat("/", 5000): "same", "/PANEL" + strings.Repeat("/", 5000) + "external-login": "like",
		"/panel/external-login/..": "other", "/panel/external-login/../x": "other",
		"/panel/external-login2": "other", "/panel/external-login/x": "other", "/a/panel/external-login": "other", "/external-login": "other",
		"/panel/external-logi": "other", "/panelexternal-login": "other", "/panel/externalXlogin": "other", "/": "other", "": "other", "/panel": "other",
	} {
		name := path
		if len(name) > 80 {
			name = "a long path"
		}
		t.Run(name+" is "+want, func(t *testing.T) {
			got := spellingOf(p, path)
			if got != want {
				t.Errorf("it is %s", got)
			}
		})
	}
	t.Run("the root is met with slashes alone", func(t *testing.T) {
		root := newHandoffPath("/")
		if spellingOf(root, "/") != "same" || spellingOf(root, "//") != "same" || spellingOf(root, "/x") != "other" {
			t.Error("it is not")
		}
	})
	t.Run("what the configuration has in its path is no parameter, and is not ignored", func(t *testing.T) {
		for configured, other := range map[string]string{"/a;b": "/a", "/a.": "/a"} {
			if p := newHandoffPath(configured); spellingOf(p, configured) != "same" || spellingOf(p, other) != "other" {
				t.Error(configured)
			}
		}
	})
}

func spellingOf(p *handoffPath, path string) string {
	if !p.mayLead(path) {
		return "other"
	}
	same, like := p.compare(path)
	if same {
		return "same"
	}
	if like {
		return "like"
	}
	return "other"
}
