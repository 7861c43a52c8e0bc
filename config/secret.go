package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// An author of middlewares must not be able to send Traefik's other secrets to a
// url of their own. So env: reads only variables that are named for the plugin, and
// file: reads only below folders that the operator of Traefik chose.
const (
	envPrefix      = "UPSTREAMAUTH_"
	foldersName    = "UPSTREAMAUTH_FILES"
	defaultFolders = "/run/secrets:/etc/upstreamauth" // separated by colons
	maxSecretFile  = 64 << 10                         // bytes
)

// secret returns what the key holds or refers to; empty if the key is absent, or
// after a fault. Its faults never name the value, nor the variable or file: a secret
// that begins with "env:" by accident would be in the log.
func (s *section) secret(key string) string {
	if s.values[key].shape == shapeEmpty {
		s.fault(key, "must not be empty")
		return ""
	}
	return s.resolve(key, "")
}

// document returns a text that is no secret, such as a certificate, but may be
// referred to like one. Its faults name the variable or the file.
func (s *section) document(key string) string {
	value := s.text(key)
	if strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:") {
		return s.resolve(key, quoteForLog(value)+": ")
	}
	return value
}

// resolve reads the value, env:NAME or file:/path under key; empty if the key is
// absent, or after a fault, whose text begins with subject.
func (s *section) resolve(key, subject string) string {
	value := s.text(key)
	if value == "" {
		return ""
	}
	problem := ""
	if strings.HasPrefix(value, "env:") {
		value, problem = s.reader.readEnv(strings.TrimPrefix(value, "env:"))
	} else if strings.HasPrefix(value, "file:") {
		value, problem = s.reader.readFile(strings.TrimPrefix(value, "file:"))
	}
	if problem != "" {
		s.fault(key, subject+problem)
		return ""
	}
	return value
}

// readEnv returns a variable of Traefik's environment, or the text of a fault.
func (r *reader) readEnv(name string) (string, string) {
	if !strings.HasPrefix(name, envPrefix) {
		return "", "env: takes only names that begin with " + envPrefix
	}
	value, found := r.lookup(name)
	if !found || value == "" {
		return "", "the environment variable is not set, or is empty"
	}
	return value, ""
}

// lookup is env, which may be nil.
func (r *reader) lookup(name string) (string, bool) {
	env := r.env
	if env == nil {
		return "", false
	}
	value, found := env(name)
	return value, found
}

// readFile returns a file's content without the line end at its end, or the text of
// a fault.
//
// The path as written must lie below an allowed folder, so that no path can be tried
// to find out which files exist elsewhere. The path that it resolves to must lie
// there too, so that no symbolic link leads out. Links that stay below an allowed
// folder are needed: Kubernetes mounts each secret as one.
func (r *reader) readFile(path string) (content, problem string) {
	folders := r.secretFolders()
	outside := "file: takes only files below the folders of " + foldersName
	if !filepath.IsAbs(path) {
		return "", "file: takes an absolute path, as in file:/run/secrets/name"
	}
	if !isBelow(filepath.Clean(path), folders) {
		return "", outside
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	if !isBelow(resolved, folders) {
		return "", outside
	}
	// Kubernetes and some clouds mount the service account of Traefik itself below
	// /run/secrets.
	if strings.Contains(path+resolved, "/serviceaccount/") {
		return "", "file: does not read the service account that Kubernetes gives to Traefik"
	}
	// Opening a pipe would wait for its writer, and so would Traefik.
	info, err := os.Stat(resolved)
	if err != nil || !info.Mode().IsRegular() {
		return "", "not a regular file"
	}
	content, problem = readBounded(resolved)
	if problem != "" {
		return "", problem
	}
	line, ended := strings.CutSuffix(content, "\r\n")
	if !ended {
		line = strings.TrimSuffix(content, "\n")
	}
	if line == "" {
		return "", "the file is empty"
	}
	return line, ""
}

// readBounded reads a regular file of at most maxSecretFile bytes, or returns the
// text of a fault.
func readBounded(path string) (content, problem string) {
	file, err := os.Open(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	defer file.Close()
	read, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", "the file could not be read"
	}
	if len(read) > maxSecretFile {
		return "", "the file is larger than 64 KiB"
	}
	return string(read), ""
}

// secretFolders lists the allowed folders, as written and with symbolic links
// resolved: the two checks of readFile need one each.
func (r *reader) secretFolders() []string {
	if r.folders != nil {
		return r.folders
	}
	list, found := r.lookup(foldersName)
	if !found {
		list = defaultFolders
	}
	r.folders = []string{}
	for _, folder := range strings.Split(list, ":") {
		if !filepath.IsAbs(folder) {
			continue // relative to the folder that Traefik was started in, which is not chosen for secrets
		}
		r.folders = append(r.folders, filepath.Clean(folder))
		resolved, err := filepath.EvalSymlinks(folder)
		if err == nil {
			r.folders = append(r.folders, resolved)
		}
	}
	return r.folders
}

// isBelow says whether a clean path lies below one of the folders. The slash keeps
// /run/secretsx from being below /run/secrets.
func isBelow(path string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/") {
			return true
		}
	}
	return false
}
