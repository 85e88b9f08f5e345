// Builds, protects and publishes an app: configurations that share nothing but the checkout and artifacts, with the feature *Build Approval* as the gate.
// Copy what you need of it to .teamcity/settings.kts, or the scripts into steps of the kind Command Line, and recipes/shell/apptool.sh to ci/.
// env.APPTOOL_URL and env.APPTOOL_INTEGRITY (where the program comes from: docs/ci.md) are parameters of a project above, which no checkout can change. The
// credentials are tokens that TeamCity keeps (https://www.jetbrains.com/help/teamcity/storing-project-settings-in-version-control.html), each a parameter of
// the one configuration that needs it: a parameter `env.X` is a variable of all its steps. Only Build runs code of the checkout, without credentials.
// A script is run by /bin/sh (https://www.jetbrains.com/help/teamcity/command-line.html). It has no percent sign, which TeamCity would take for a parameter.
// Stopping a build ends its processes, possibly without a signal that apptool can act on: `apptool status protect.json` shows what still runs.
// Protection removes the signature. The output is signed with the tenant's default key, or with the key that APPTOOL_SIGNING_KEY names.
import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildFeatures.approval
import jetbrains.buildServer.configs.kotlin.buildFeatures.xmlReport
import jetbrains.buildServer.configs.kotlin.buildFeatures.XmlReport
import jetbrains.buildServer.configs.kotlin.buildSteps.script
import jetbrains.buildServer.configs.kotlin.triggers.vcs

version = "2025.11"

project {
    buildType(Build)
    buildType(Protect)
    buildType(Publish)
}

// The VCS root has `+:refs/tags/(v*)` as its branch specification, with *Use tags as branches* on.
object Build : BuildType({
    name = "Build"
    vcs { root(DslContext.settingsRoot); cleanCheckout = true }
    artifactRules = "app/build/outputs/apk/release/app-release.apk"
    steps { script { scriptContent = "exec ./gradlew --no-daemon assembleRelease" } }
    failureConditions { executionTimeoutMin = 60 }
})

object Protect : BuildType({
    name = "Protect"
    vcs { root(DslContext.settingsRoot); cleanCheckout = true }
    params { password("env.APPTEGO_API_KEY", "credentialsJSON:<token>") }
    // The feature reads the report whatever becomes of the step, and shows the reason of a failure on the build's page.
    features { xmlReport { reportType = XmlReport.XmlReportType.JUNIT; rules = "protect.xml\nwait.xml" } }
    artifactRules = "protect.json\nwait.json\ndownload.json\nprotected.apk"
    publishArtifacts = PublishMode.ALWAYS
    steps {
        script { scriptContent = "exec sh ci/apptool.sh protect --environment prod --detach --receipt protect.json --junit protect.xml -- in/app-release.apk" }
        script { scriptContent = "exec sh ci/apptool.sh wait --timeout 80m --receipt wait.json --junit wait.xml -- protect.json" }
        script { scriptContent = "exec sh ci/apptool.sh download --output protected.apk --receipt download.json -- protect.json" }
    }
    dependencies {
        dependency(Build) {
            snapshot { onDependencyFailure = FailureAction.FAIL_TO_START }
            artifacts { artifactRules = "app-release.apk => in" }
        }
    }
    // Longer than everything apptool waits for. One build at a time; the others stay in the queue.
    failureConditions { executionTimeoutMin = 150 }
    maxRunningBuilds = 1
})

// Starts for each tag, and Build and Protect with it; nothing is published before one of the group has approved it (it may as soon as the
// chain is queued). After 7 the store is still working on it: run `apptool wait publish.json`. Do not run it again, because that sends it again.
object Publish : BuildType({
    name = "Publish"
    type = BuildTypeSettings.Type.DEPLOYMENT
    vcs { root(DslContext.settingsRoot); cleanCheckout = true }
    params { password("env.AUTOAPPSTORE_TOKEN", "credentialsJSON:<token>") }
    features {
        approval { approvalRules = "group:RELEASES:1"; timeout = 4320 }
        xmlReport { reportType = XmlReport.XmlReportType.JUNIT; rules = "publish.xml" }
    }
    artifactRules = "publish.json"
    publishArtifacts = PublishMode.ALWAYS
    steps {
        script { scriptContent = "exec sh ci/apptool.sh publish --to autoappstore --timeout 50m --from in/download.json --receipt publish.json --junit publish.xml -- in/protected.apk" }
    }
    dependencies {
        dependency(Protect) {
            snapshot { onDependencyFailure = FailureAction.FAIL_TO_START }
            artifacts { artifactRules = "download.json => in\nprotected.apk => in" }
        }
    }
    triggers { vcs { branchFilter = "+:v*" } }
    failureConditions { executionTimeoutMin = 120 }
})
